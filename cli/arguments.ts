import { parseArgs } from "node:util";
import { UsageError } from "../mod.ts";

/** An option of a command. */
export interface OptionSpec {
  /** One letter, for `-x`. */
  readonly short?: string;
  /** What its value is called in the help; without it the option is a switch. */
  readonly value?: string;
  /** Whether it may be given more than once. */
  readonly isRepeated?: boolean;
  /** One line. */
  readonly help: string;
}

/** The options of a command, by name. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What was given on the command line. */
export class Arguments {
  /** What is no option, in order. */
  readonly words: readonly string[];
  readonly #values: Readonly<Record<string, unknown>>;

  /**
   * Reads the words behind the command's name.
   *
   * @throws {UsageError} if one of them is no option of the command.
   */
  constructor(words: readonly string[], specs: OptionSpecs) {
    const options: Record<
      string,
      { type: "string" | "boolean"; short?: string; multiple: boolean }
    > = {};
    for (const [name, spec] of Object.entries(specs)) {
      options[name] = {
        type: spec.value === undefined ? "boolean" : "string",
        multiple: spec.isRepeated === true,
        ...(spec.short === undefined ? {} : { short: spec.short }),
      };
    }
    try {
      const { values, positionals } = parseArgs({
        args: [...words],
        options,
        allowPositionals: true,
        strict: true,
      });
      this.#values = values;
      this.words = positionals;
    } catch (cause) {
      const [reason] = (cause as Error).message.split(/\. (?=To|If)|\n/);
      throw new UsageError(`${reason!.replace(/\.$/, "")}.`);
    }
  }

  /** Whether a switch is set. */
  isSet(name: string): boolean {
    return this.#values[name] === true;
  }

  /** The value of an option. */
  text(name: string): string | undefined {
    return this.#values[name] as string | undefined;
  }

  /** All values of an option that may be repeated. */
  texts(name: string): readonly string[] {
    return this.#values[name] as string[] | undefined ?? [];
  }

  /**
   * A whole number.
   *
   * @throws {UsageError} if it is none, or less than `least`.
   */
  count(name: string, least = 1): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const count = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(count) && count >= least) {
      return count;
    }
    throw new UsageError(
      `--${name} takes a whole number of at least ${least}, not ${
        JSON.stringify(text)
      }.`,
    );
  }

  /**
   * A number above 0.
   *
   * @throws {UsageError} if it is none.
   */
  rate(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const rate = Number(text);
    if (rate > 0 && Number.isFinite(rate)) return rate;
    throw new UsageError(
      `--${name} takes a number above 0, not ${JSON.stringify(text)}.`,
    );
  }

  /**
   * A time in milliseconds, written as `500ms`, `5s`, `2m`, `1h`; without a unit
   * it is seconds.
   *
   * @throws {UsageError} if it is none.
   */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ??
      [];
    if (amount !== undefined) return Number(amount) * UNITS[unit]!;
    throw new UsageError(
      `--${name} takes a time such as 500ms, 5s, 2m or 1h, not ${
        JSON.stringify(text)
      }.`,
    );
  }

  /**
   * What `-H name:value` has collected.
   *
   * @throws {UsageError} if one of them has no colon.
   */
  headers(name: string): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const text of this.texts(name)) {
      const colon = text.indexOf(":");
      if (colon < 1) {
        throw new UsageError(
          `A header is written name:value, not ${JSON.stringify(text)}.`,
        );
      }
      headers[text.slice(0, colon)] = text.slice(colon + 1);
    }
    return headers;
  }
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
