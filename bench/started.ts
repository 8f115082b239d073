import { TextLineStream } from "@std/streams";

/** A process, and what it writes line by line. */
export interface Started extends AsyncDisposable {
  readonly lines: ReadableStreamDefaultReader<string>;
  readonly input: WritableStreamDefaultWriter<Uint8Array>;
}

/**
 * Starts a script. It is told to end by the end of its input, and made to end
 * if it does not listen to that.
 */
export function started(command: readonly string[]): Started {
  const child = new Deno.Command(command[0]!, {
    args: command.slice(1),
    cwd: new URL("..", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .getReader();
  return {
    lines,
    input: child.stdin.getWriter(),
    async [Symbol.asyncDispose]() {
      try {
        child.kill();
      } catch {
        // It has ended by itself.
      }
      await lines.cancel().catch(() => {});
      await child.status;
    },
  };
}
