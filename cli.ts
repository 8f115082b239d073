/**
 * The command `stompest`: send and receive, move a dead-letter queue back, find
 * out why a broker cannot be reached, measure one, or serve one.
 *
 * ```sh
 * deno run --allow-net jsr:@stompest/core/cli ping -u stomp://127.0.0.1:61613
 * npx @stompest/core ping
 * ```
 *
 * Importing it does nothing; {@linkcode run} does what the command does.
 *
 * @module
 */

import { run } from "./cli/run.ts";
import { processTerminal } from "./cli/process_terminal.ts";

export { run } from "./cli/run.ts";
export { type FileOutput, type Terminal } from "./cli/terminal.ts";
export {
  type ProcessTerminal,
  processTerminal,
} from "./cli/process_terminal.ts";

if (import.meta.main) {
  const terminal = processTerminal();
  terminal.exit(await run(terminal.args, terminal));
}
