/** How to start a program; the environment is inherited unless `clearEnv` is set. */
export interface ProcessOptions {
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly clearEnv?: boolean;
  /** Called with every piece of output, standard output and standard error alike. */
  readonly onOutput?: (chunk: Uint8Array) => void;
}

/**
 * A program together with everything it starts.
 *
 * It runs in a session of its own. So a Ctrl-C in the terminal reaches us alone, and we decide in which order things
 * stop; and stopping it also stops the children of `npx`, `sh` and the Erlang launcher, which would survive a signal to
 * the one process that we know.
 */
export class ProcessGroup implements AsyncDisposable {
  /** Settles when the program has ended and nothing holds its output open any more. */
  readonly ended: Promise<Deno.CommandStatus>;
  /** Of the program, and of the session that all of them are in. */
  readonly pid: number;
  #stopping: Promise<void> | undefined;

  constructor(program: string, options: ProcessOptions = {}) {
    const child = new Deno.Command(program, {
      args: [...options.args ?? []],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...options.env },
      clearEnv: options.clearEnv ?? false,
      detached: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = child.pid;
    this.ended = this.#end(child, options.onOutput ?? (() => {}));
  }

  /** Ends the whole group at once, as a crash would. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.ended;
  }

  /** What Ctrl-C in a terminal does, or who stops services. */
  interrupt(signal: "SIGINT" | "SIGTERM" = "SIGINT"): void {
    this.#signal(signal);
  }

  /** Stops the whole group where it is, or lets it go on. */
  freeze(isFrozen: boolean): void {
    this.#signal(isFrozen ? "SIGSTOP" : "SIGCONT");
  }

  /** Asks the whole group to end, and makes it end when it has not within `grace` milliseconds. */
  stop(grace = 15_000): Promise<void> {
    return this.#stopping ??= this.#stop(grace);
  }

  /** The same as {@linkcode stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(grace: number): Promise<void> {
    this.#signal("SIGTERM");
    // Whoever is frozen hears nothing before.
    this.#signal("SIGCONT");
    const timer = setTimeout(() => this.#signal("SIGKILL"), grace);
    await this.ended.finally(() => clearTimeout(timer));
  }

  async #end(
    child: Deno.ChildProcess,
    onOutput: (chunk: Uint8Array) => void,
  ): Promise<Deno.CommandStatus> {
    const outputs = [child.stdout, child.stderr].map(async (stream) => {
      for await (const chunk of stream) onOutput(chunk);
    });
    const status = await child.status;
    // Whoever outlives the leader would hold the pipes, and with them us, open.
    this.#signal("SIGKILL");
    await Promise.all(outputs);
    return status;
  }

  #signal(signal: Deno.Signal): void {
    try {
      Deno.kill(-this.pid, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
