import { UsageError } from "../../mod.ts";
import { type Command, EXIT } from "../command.ts";
import { COMMON_OPTIONS, CONNECTION_OPTIONS } from "../connection_options.ts";
import { wordsOf } from "../words.ts";

const SHELLS: Readonly<
  Record<string, (commands: readonly Command[]) => string>
> = {
  bash: (commands) =>
    [
      "_stompest() {",
      "  local words",
      '  case "${COMP_WORDS[1]}" in',
      ...commands.map((command) =>
        `    ${command.name}) words="${optionsOf(command).join(" ")}" ;;`
      ),
      `    *) words="help ${commands.map(({ name }) => name).join(" ")}" ;;`,
      "  esac",
      '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
      "}",
      "complete -o default -F _stompest stompest",
    ].join("\n"),
  zsh: (commands) =>
    [
      "#compdef stompest",
      "_stompest() {",
      "  if (( CURRENT == 2 )); then",
      `    local -a names=(${
        commands.map(({ name, summary }) => `'${name}:${quoted(summary)}'`)
          .join(" ")
      })`,
      "    _describe command names",
      "    return",
      "  fi",
      "  case $words[2] in",
      ...commands.map((command) =>
        `    ${command.name}) compadd -- ${optionsOf(command).join(" ")} ;;`
      ),
      "  esac",
      "  _files",
      "}",
      "compdef _stompest stompest",
    ].join("\n"),
  fish: (commands) =>
    commands.flatMap((command) => [
      `complete -c stompest -n __fish_use_subcommand -a ${command.name} -d '${
        quoted(command.summary)
      }'`,
      ...optionsOf(command).map((option) =>
        `complete -c stompest -n '__fish_seen_subcommand_from ${command.name}' -l ${
          option.slice(2)
        }`
      ),
    ]).join("\n"),
};

function optionsOf({ options, connects }: Command): string[] {
  return Object.keys({
    ...options,
    ...(connects ? CONNECTION_OPTIONS : {}),
    ...COMMON_OPTIONS,
  }).map((name) => `--${name}`);
}

function quoted(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(":", "\\:");
}

/** Prints what a shell needs to complete commands and options. */
export function completions(commands: () => readonly Command[]): Command {
  return {
    name: "completions",
    usage: "bash | zsh | fish",
    summary: "print what a shell needs to complete commands and options",
    connects: false,
    options: {},
    examples: ["source <(stompest completions bash)"],
    async run(context) {
      const [shell] = wordsOf(context, 1, 1, "completions bash | zsh | fish");
      const write = SHELLS[shell!];
      if (write === undefined) {
        throw new UsageError(
          `There are completions for bash, zsh and fish, not for ${
            JSON.stringify(shell)
          }.`,
        );
      }
      await context.output.line(write(commands()));
      return EXIT.done;
    },
  };
}
