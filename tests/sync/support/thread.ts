import type { Identity } from "../../support/certificates.ts";
import {
  startWorker,
  tellParent as post,
  type TestWorker,
} from "../../support/worker.ts";

/** What a thread can say to who started it. */
export interface Saying {
  /** Where it can be reached. */
  readonly url?: string;
  /** What it has heard, one line each. */
  readonly heard?: readonly string[];
  /** What went wrong in it. */
  readonly failure?: string;
}

/** Says something to who started this thread. */
export function tellParent(saying: Saying): void {
  post(saying);
}

/**
 * Something that has to live on another thread, because this one is blocked by
 * the client under test.
 */
export class Thread implements AsyncDisposable {
  /** Where it can be reached. */
  url = "";
  readonly #worker: TestWorker;
  #said: Saying[] = [];
  #wake: (() => void) | undefined;

  private constructor(module: URL) {
    const hear = (saying: Saying) => {
      this.#said.push(saying);
      this.#wake?.();
    };
    this.#worker = startWorker(module, {
      said: (message) => hear(message as Saying),
      failed: (failure) => hear({ failure }),
    });
  }

  /** The embedded broker. */
  static broker(): Promise<Thread> {
    return Thread.#start("./broker_worker.ts");
  }

  /** The embedded broker with TLS, and this certificate. */
  static secureBroker(identity: Identity): Promise<Thread> {
    return Thread.#start("./secure_broker_worker.ts", identity);
  }

  /** A broker that follows a script of `scripts.ts`, by its name. */
  static peer(script: string): Promise<Thread> {
    return Thread.#start("./peer_worker.ts", script);
  }

  /** A client that talks to itself, through a queue. */
  static client(url: string, queue: string): Promise<Thread> {
    return Thread.#start("./client_worker.ts", `${url} ${queue}`);
  }

  static async #start(module: string, order?: unknown): Promise<Thread> {
    const thread = new Thread(new URL(module, import.meta.url));
    thread.#worker.post(order);
    thread.url = (await thread.#next()).url!;
    return thread;
  }

  /** What the script has heard in the end. */
  async heard(): Promise<readonly string[]> {
    return (await this.#next()).heard!;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#worker.terminate();
    // The runtime takes a turn to let go of it.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  async #next(): Promise<Saying> {
    while (this.#said.length === 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const saying = this.#said.shift()!;
    if (saying.failure !== undefined) throw new Error(saying.failure);
    return saying;
  }
}
