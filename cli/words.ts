import { UsageError } from "../mod.ts";
import type { Context } from "./command.ts";

/**
 * The words behind a command that are no options.
 *
 * @throws {UsageError} if there are too few or too many.
 */
export function wordsOf(
  { args }: Context,
  least: number,
  most: number,
  usage: string,
): readonly string[] {
  const { words } = args;
  if (words.length >= least && words.length <= most) return words;
  const found = words.length === 0 ? "nothing" : words.join(" ");
  throw new UsageError(`It is "stompest ${usage}", but there is: ${found}.`);
}
