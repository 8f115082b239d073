import { type Started, started } from "./started.ts";
import type { Timing } from "./timing.ts";
import type { Order } from "./worker.ts";

/** A process that runs one subject whenever it is told to. */
export class Player implements AsyncDisposable {
  /** What it is called in the table. */
  readonly name: string;
  readonly #process: Started;

  /** Starts the process. */
  constructor(name: string, command: readonly string[]) {
    this.name = name;
    this.#process = started(command);
  }

  /** Has it run once. */
  async run(order: Order): Promise<Timing> {
    const { input, lines } = this.#process;
    await input.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
    const { value } = await lines.read();
    if (value === undefined) throw new Error(`${this.name} has died.`);
    return JSON.parse(value);
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
