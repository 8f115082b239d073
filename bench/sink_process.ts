import { started } from "./started.ts";

/** The sink in a process of its own. */
export interface Sink extends AsyncDisposable {
  readonly port: number;
}

/** Starts it with the command of a runtime; resolves when it listens. */
export async function startSink(command: readonly string[]): Promise<Sink> {
  const process = started(command);
  const { value } = await process.lines.read();
  if (value === undefined) throw new Error("The sink has died.");
  return {
    port: Number(value),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
