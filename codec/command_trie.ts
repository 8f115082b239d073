import {
  type CommandRule,
  commandsOf,
  type Version,
  VERSIONS,
} from "./grammar.ts";

/** One letter of the commands of a version. */
export interface Letter {
  readonly next: Map<number, Letter>;
  rule: CommandRule | undefined;
}

function spell(commands: readonly CommandRule[]): Letter {
  const root: Letter = { next: new Map(), rule: undefined };
  for (const rule of commands) {
    let letter = root;
    for (const character of rule.command) {
      const octet = character.charCodeAt(0);
      let next = letter.next.get(octet);
      if (next === undefined) {
        next = { next: new Map(), rule: undefined };
        letter.next.set(octet, next);
      }
      letter = next;
    }
    letter.rule = rule;
  }
  return root;
}

/**
 * The first letter of each version's commands. Reading a command letter by letter
 * tells garbage at the first octet that proves it.
 */
export const COMMAND_TRIE: ReadonlyMap<Version | undefined, Letter> = new Map(
  [undefined, ...VERSIONS].map((version) => [
    version,
    spell(commandsOf(version)),
  ]),
);
