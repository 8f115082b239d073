/** What a command sees of the world outside: texts in, texts out, and somebody who may interrupt. */
export interface Terminal {
  /** Aborts at the first Ctrl-C or SIGTERM; the second one ends the process. */
  readonly interrupted: AbortSignal;
  /** Whether a person reads what is written. */
  readonly isOutputTerminal: boolean;
  /** Whether a person reads the notes. */
  readonly isErrorTerminal: boolean;
  /** Whether a person answers questions. */
  readonly isInputTerminal: boolean;
  /** An environment variable; `undefined` also where reading it is not allowed. */
  env(name: string): string | undefined;
  /** What comes in, to be read once. */
  input(): ReadableStream<Uint8Array>;
  /**
   * Writes to the output and resolves once it is taken.
   *
   * @throws {ClosedOutput} if nobody reads it any more.
   */
  write(text: string): Promise<void>;
  /** Writes a note, apart from the output. */
  note(text: string): void;
  /** Puts a question to a person and resolves with the line that was typed. */
  ask(question: string): Promise<string>;
  /**
   * Reads a file whole.
   *
   * @throws What the runtime throws if it cannot be read.
   */
  readFile(path: string): Promise<Uint8Array>;
  /** Opens a file to read it piece by piece. */
  openFile(path: string): Promise<ReadableStream<Uint8Array>>;
  /** Opens a file to write, replacing what is there. */
  createFile(path: string): Promise<FileOutput>;
  /** Runs a shell command with this on its standard input, and resolves with its output. */
  runShell(
    command: string,
    input: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array>;
}

/** A file that is being written. */
export interface FileOutput {
  /** Resolves once it is written. */
  write(text: string): Promise<void>;
  /** To be called when all is written. */
  close(): Promise<void>;
}

/** Nobody reads the output any more, as behind `| head`. */
export class ClosedOutput extends Error {
  /** The class name. */
  override readonly name = "ClosedOutput";
}
