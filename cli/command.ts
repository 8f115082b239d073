import type { Client, ConnectOptions } from "../mod.ts";
import type { Arguments, OptionSpecs } from "./arguments.ts";
import type { Output } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** One command of the program. */
export interface Command {
  readonly name: string;
  /** What stands behind the name, such as `DEST [BODY]`. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** More, for its own help. */
  readonly description?: string;
  readonly options: OptionSpecs;
  /** Whether it talks to a broker, so that it has the options for that. */
  readonly connects: boolean;
  readonly examples: readonly string[];
  /** Resolves with the exit code. */
  run(context: Context): Promise<number>;
}

/** What a command works with. */
export interface Context {
  readonly args: Arguments;
  readonly terminal: Terminal;
  readonly output: Output;
  /** Whether each thing is to be written as one line of JSON. */
  readonly isJson: boolean;
  /** Notes that are left out by `--quiet`. */
  note(text: string): void;
  /** Connects as the options say; what a command wants otherwise comes last. */
  connect(options?: ConnectOptions): Promise<Client>;
  /** Where it connects to, and how. */
  target(): Promise<{ url: string; options: ConnectOptions }>;
  /** How long things may take, in ms. */
  readonly timeout: number;
}

/** What a command ends with. */
export const EXIT = { done: 0, broker: 1, usage: 2, timeout: 3 } as const;
