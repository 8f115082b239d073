import { inspect } from "node:util";

type Inspect = (value: unknown, options?: object) => string;

/** Whatever a program or a logger could print of a value on this runtime. */
export function printed(value: unknown): string {
  const runtimes = globalThis as {
    Deno?: { inspect: Inspect };
    Bun?: { inspect: Inspect };
  };
  const shown = [
    inspect(value, { depth: null, showHidden: true, getters: true }),
    inspect(value),
    runtimes.Deno?.inspect(value, { depth: 100, showHidden: true }),
    runtimes.Deno?.inspect(value, { depth: 100, getters: true }),
    runtimes.Bun?.inspect(value, { depth: 100 }),
    String(value),
    JSON.stringify(value, inHidingPlaces),
    ...reasons(value).map(({ stack }) => stack),
  ];
  return shown.join("\n");
}

/** JSON leaves out what is not a plain property; a logger may look further. */
function inHidingPlaces(_: string, value: unknown): unknown {
  if (value instanceof Map) return [...value];
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  return { ...value, name, message, stack, cause };
}

function reasons(value: unknown): Error[] {
  if (!(value instanceof Error)) return [];
  const further = value instanceof AggregateError ? value.errors : [];
  return [value, ...[value.cause, ...further].flatMap(reasons)];
}
