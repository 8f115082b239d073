import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { open, readFile } from "node:fs/promises";
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { Readable } from "node:stream";
import { ClosedOutput, type Terminal } from "./terminal.ts";

/** The terminal of this process, with what it was started with and its end. */
export interface ProcessTerminal extends Terminal {
  /** The words behind the program's name. */
  readonly args: readonly string[];
  /** Ends the process. */
  exit(code: number): never;
}

/** Signals that ask for a graceful end. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** The terminal of this process, on Deno, Bun and Node. */
export function processTerminal(): ProcessTerminal {
  const { stdin, stdout, stderr } = process;
  const interruption = new AbortController();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (interruption.signal.aborted) process.exit(130);
      interruption.abort(new Error(signal));
    });
  }
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {});
  stdout.on("error", () => closed.reject(new ClosedOutput()));
  stdout.on("close", () => closed.reject(new ClosedOutput()));
  // A note that nobody reads is no reason to end.
  stderr.on("error", () => {});
  return {
    args: process.argv.slice(2),
    interrupted: interruption.signal,
    isInputTerminal: stdin.isTTY === true,
    isOutputTerminal: stdout.isTTY === true,
    isErrorTerminal: stderr.isTTY === true,
    env(name) {
      try {
        return process.env[name];
      } catch {
        // Deno was not given the permission to read it.
        return undefined;
      }
    },
    input: () => Readable.toWeb(stdin) as unknown as ReadableStream<Uint8Array>,
    write: (text) =>
      Promise.race([
        new Promise<void>((resolve, reject) => {
          stdout.write(text, (error) =>
            error ? reject(new ClosedOutput()) : resolve());
        }),
        closed.promise,
      ]),
    note: (text) => void stderr.write(text),
    async ask(question) {
      const lines = createInterface({ input: stdin, output: stderr });
      try {
        return await lines.question(question, {
          signal: interruption.signal,
        });
      } finally {
        lines.close();
      }
    },
    readFile: async (path) => new Uint8Array(await readFile(path)),
    async openFile(path) {
      const stream = createReadStream(path);
      await new Promise((resolve, reject) => {
        stream.once("open", resolve);
        stream.once("error", reject);
      });
      return Readable.toWeb(stream) as unknown as ReadableStream<Uint8Array>;
    },
    async createFile(path) {
      const file = await open(path, "w");
      return {
        write: async (text) => void await file.write(text),
        close: () => file.close(),
      };
    },
    runShell,
    exit: (code) => process.exit(code),
  };
}

function runShell(
  command: string,
  input: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const child = spawn(command, { shell: true, signal, stdio: "pipe" });
  const output: Uint8Array[] = [];
  child.stdout.on("data", (octets: Uint8Array) => output.push(octets));
  child.stderr.on("data", (octets: Uint8Array) => process.stderr.write(octets));
  // It may end without having read what it was given.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  child.on("error", reject);
  child.on("close", (code) => {
    if (code === 0) {
      resolve(new Uint8Array(Buffer.concat(output)));
    } else {
      reject(
        new Error(
          `The command ${JSON.stringify(command)} has failed ` +
            `with the exit code ${code}.`,
        ),
      );
    }
  });
  return promise;
}
