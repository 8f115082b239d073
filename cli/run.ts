import { connect, StompError, TimeoutError, UsageError } from "../mod.ts";
import { Arguments } from "./arguments.ts";
import { type Command, EXIT } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import {
  COMMON_OPTIONS,
  CONNECTION_OPTIONS,
  connectionTarget,
  DEFAULT_TIMEOUT,
} from "./connection_options.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { nearest } from "./nearest.ts";
import { Output } from "./output.ts";
import { ClosedOutput, type Terminal } from "./terminal.ts";

/**
 * Does what `stompest` with these words does.
 *
 * @returns The exit code: 0 done, 1 broker or connection, 2 usage, 3 time-out.
 *
 * @example
 * ```ts ignore
 * import { processTerminal, run } from "@stompest/core/cli";
 *
 * const terminal = processTerminal();
 * terminal.exit(await run(["ping", "--json"], terminal));
 * ```
 */
export async function run(
  words: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const output = new Output(terminal);
  try {
    const code = await runCommand(words, terminal, output);
    await output.flush();
    return code;
  } catch (error) {
    // Whoever reads has had enough.
    if (error instanceof ClosedOutput) return EXIT.done;
    await output.flush().catch(() => {});
    terminal.note(`stompest: ${sentenceOf(error)}\n`);
    return exitCodeOf(error);
  }
}

async function runCommand(
  [name, ...words]: readonly string[],
  terminal: Terminal,
  output: Output,
): Promise<number> {
  if (
    name === undefined || name === "help" || name === "--help" || name === "-h"
  ) {
    const about = words[0] === undefined ? undefined : commandOf(words[0]);
    await output.line(
      about === undefined ? generalHelp(COMMANDS) : helpOf(about),
    );
    return name === undefined ? EXIT.usage : EXIT.done;
  }
  const command = commandOf(name);
  const args = new Arguments(words, optionsOf(command));
  if (args.isSet("help")) {
    await output.line(helpOf(command));
    return EXIT.done;
  }
  const target = () => connectionTarget(args, terminal);
  return await command.run({
    args,
    terminal,
    output,
    target,
    isJson: args.isSet("json"),
    timeout: args.duration("timeout") ?? DEFAULT_TIMEOUT,
    note: (text) => {
      if (!args.isSet("quiet")) terminal.note(`${text}\n`);
    },
    connect: async (own = {}) => {
      const { url, options } = await target();
      return await connect(url, { reconnect: false, ...options, ...own });
    },
  });
}

function commandOf(name: string): Command {
  const command = COMMANDS.find((command) => command.name === name);
  if (command !== undefined) return command;
  const meant = nearest(name, COMMANDS.map(({ name }) => name));
  throw new UsageError(
    `There is no command ${JSON.stringify(name)}${
      meant === undefined ? "" : `: did you mean ${meant}`
    }? "stompest help" lists them all.`,
  );
}

function optionsOf({ options, connects }: Command) {
  return {
    ...options,
    ...(connects ? CONNECTION_OPTIONS : {}),
    ...COMMON_OPTIONS,
  };
}

function helpOf(command: Command): string {
  return commandHelp(command, command.connects ? CONNECTION_OPTIONS : {});
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof TimeoutError) return EXIT.timeout;
  }
  return EXIT.broker;
}

/** What went wrong and why, without a stack. */
function sentenceOf(error: unknown): string {
  const sentences: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (
      !sentences.some((sentence) => sentence.includes((cause as Error).message))
    ) {
      sentences.push(cause.message);
    }
    // What a runtime says of a socket is for whoever wants to know more.
    if (!(cause instanceof StompError)) break;
  }
  return sentences.length > 0 ? sentences.join("\n  ") : String(error);
}
