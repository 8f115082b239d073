import type { OptionSpecs } from "./arguments.ts";
import type { Command } from "./command.ts";
import { COMMON_OPTIONS } from "./connection_options.ts";

/** What `stompest help` shows. */
export function generalHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "stompest: a STOMP client for the command line",
    "",
    "Usage: stompest COMMAND [OPTIONS]",
    "",
    ...commands.map(({ name, summary }) =>
      `  ${name.padEnd(width)}  ${summary}`
    ),
    "",
    '"stompest help COMMAND" shows the options and examples of one.',
    "Exit codes: 0 done, 1 broker or connection, 2 usage, 3 time-out.",
  ].join("\n");
}

/** What `stompest help COMMAND` shows. */
export function commandHelp(command: Command, connection: OptionSpecs): string {
  const { name, usage, summary, description, options, examples } = command;
  return [
    `stompest ${name} ${usage}`.trimEnd(),
    "",
    `${summary[0]!.toUpperCase()}${summary.slice(1)}.`,
    ...(description === undefined ? [] : [description]),
    ...section("Options", { ...options, ...COMMON_OPTIONS }),
    ...section("The broker", connection),
    "",
    "Examples:",
    ...examples.map((example) => `  ${example}`),
  ].join("\n");
}

function section(title: string, specs: OptionSpecs): string[] {
  const rows = Object.entries(specs).map(([name, { short, value, help }]) => {
    const letter = short === undefined ? "    " : `-${short}, `;
    return [
      `${letter}--${name}${value === undefined ? "" : ` ${value}`}`,
      help,
    ];
  });
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([left]) => left!.length));
  return [
    "",
    `${title}:`,
    ...rows.map(([left, right]) => `  ${left!.padEnd(width)}  ${right}`),
  ];
}
