import { ProcessGroup } from "./process_group.ts";

/** What came of a command. */
export interface Outcome {
  readonly success: boolean;
  readonly output: string;
}

/** Nothing that the gate runs takes a tenth of this; what does hangs. */
const COMMAND_LIMIT_MS = 10 * 60_000;

/** Runs the commands of the gate and shows what they write. */
export class Workbench {
  /** Aborted when the gate is interrupted, or nobody reads any more what it writes. */
  readonly signal: AbortSignal;
  readonly #unheard = new AbortController();

  constructor(interrupted: AbortSignal) {
    this.signal = AbortSignal.any([interrupted, this.#unheard.signal]);
  }

  /**
   * Runs a command to its end.
   *
   * @throws the reason of {@linkcode signal} when it is aborted; the command has ended by then
   */
  async run(
    command: readonly [string, ...string[]],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Outcome> {
    this.signal.throwIfAborted();
    const [program, ...args] = command;
    const decoder = new TextDecoder();
    let output = "";
    await using running = new ProcessGroup(program, {
      args,
      env: { ...Deno.stdout.isTerminal() ? {} : { NO_COLOR: "1" }, ...env },
      onOutput: (chunk) => {
        output += decoder.decode(chunk, { stream: true });
        this.#write(chunk);
      },
    });
    const late = AbortSignal.timeout(COMMAND_LIMIT_MS);
    const over = AbortSignal.any([late, this.signal]);
    over.addEventListener("abort", () => running.stop());
    const { success } = await running.ended;
    this.signal.throwIfAborted();
    if (late.aborted) {
      this.say(`Stopped: not done after ${COMMAND_LIMIT_MS / 60_000} minutes.`);
    }
    return { success: success && !late.aborted, output };
  }

  /** Writes a line of our own between those of the commands. */
  say(line: string): void {
    this.#write(new TextEncoder().encode(`${line}\n`));
  }

  #write(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0;) {
      try {
        rest = rest.subarray(Deno.stdout.writeSync(rest));
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock)) {
          return this.#unheard.abort(error);
        }
        // Whoever started us may have left the pipe non-blocking; there is nothing to do until it has room.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  }
}
