import type { Terminal } from "../../cli/terminal.ts";
import { ClosedOutput } from "../../cli/terminal.ts";
import { run } from "../../cli/run.ts";

/** A terminal that a test plays. */
export interface FakeTerminal extends Terminal {
  /** What was written to the output … */
  readonly written: string[];
  /** … and what was noted. */
  readonly notes: string[];
  /** Files by name. */
  readonly files: Map<string, string | Uint8Array>;
  /** Presses Ctrl-C. */
  interrupt(): void;
}

/** How the terminal is. */
export interface FakeTerminalOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly answer?: string;
  /** After so many writes nobody reads any more. */
  readonly readsOnly?: number;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** A terminal without a person, unless there is an answer to questions. */
export function fakeTerminal(options: FakeTerminalOptions = {}): FakeTerminal {
  const interruption = new AbortController();
  const files = new Map(Object.entries(options.files ?? {}));
  const written: string[] = [];
  const notes: string[] = [];
  const contentOf = (path: string): Uint8Array<ArrayBuffer> => {
    const content = files.get(path);
    if (content === undefined) throw new Error(`no such file: ${path}`);
    return typeof content === "string"
      ? new TextEncoder().encode(content)
      : new Uint8Array(content);
  };
  return {
    written,
    notes,
    files,
    interrupt: () => interruption.abort(new Error("SIGINT")),
    interrupted: interruption.signal,
    isInputTerminal: options.answer !== undefined,
    isOutputTerminal: false,
    isErrorTerminal: false,
    env: (name) => options.env?.[name],
    input: () => new Blob([options.input ?? ""]).stream(),
    write(text) {
      if (written.length === options.readsOnly) {
        return Promise.reject(new ClosedOutput());
      }
      written.push(text);
      return Promise.resolve();
    },
    note: (text) => void notes.push(text),
    ask: () => Promise.resolve(options.answer ?? ""),
    readFile: (path) => new Promise((resolve) => resolve(contentOf(path))),
    openFile: (path) =>
      new Promise((resolve) => resolve(new Blob([contentOf(path)]).stream())),
    createFile(path) {
      files.set(path, "");
      return Promise.resolve({
        write(text: string) {
          files.set(path, files.get(path) + text);
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      });
    },
    runShell: (command, input) =>
      command === "upper"
        ? Promise.resolve(
          new TextEncoder().encode(
            new TextDecoder().decode(input).toUpperCase(),
          ),
        )
        : Promise.reject(new Error(`${command} has failed.`)),
  };
}

/** What came of a command. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly notes: string;
  readonly terminal: FakeTerminal;
}

/** Runs the words of a command line. */
export async function stompest(
  words: readonly string[],
  options: FakeTerminalOptions = {},
): Promise<Outcome> {
  const terminal = fakeTerminal(options);
  const code = await run(words, terminal);
  return outcome(code, terminal);
}

/** What a terminal shows in the end. */
export function outcome(code: number, terminal: FakeTerminal): Outcome {
  return {
    code,
    output: terminal.written.join(""),
    notes: terminal.notes.join(""),
    terminal,
  };
}
