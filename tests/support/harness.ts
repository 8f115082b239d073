/** How a test differs from the usual. */
export interface TestOptions {
  /**
   * Milliseconds after which the test fails.
   *
   * @default {15_000}
   */
  readonly timeout?: number;
  /**
   * Registers the test without running it.
   *
   * @default {false}
   */
  readonly ignore?: boolean;
}

type Body = () => void | Promise<void>;

/** What we take of `bun:test`, which exists on Bun alone and has no types elsewhere. */
interface BunTest {
  readonly test: {
    (name: string, body: Body, timeout: number): void;
    skip(name: string, body: Body): void;
  };
}

/** What we take of `node:test`. */
interface NodeTest {
  test(
    name: string,
    options: { readonly skip: boolean },
    body: () => Promise<void>,
  ): void;
}

type Register = (name: string, body: Body, ignore: boolean) => void;

const DEFAULT_TIMEOUT_MS = 15_000;

const register: Register = "Deno" in globalThis
  ? onDeno
  : "Bun" in globalThis
  ? await onBun()
  : await onNode();

/** Registers a test with the runner of the runtime we are on. Name it after what it claims. */
export function test(
  name: string,
  body: Body,
  options: TestOptions = {},
): void {
  const { timeout = DEFAULT_TIMEOUT_MS, ignore = false } = options;
  register(name, () => within(timeout, name, body), ignore);
}

/** The sanitizers are off by default; with them a test that leaves a socket or a timer behind fails. */
function onDeno(name: string, fn: Body, ignore: boolean): void {
  Deno.test({ name, fn, ignore, sanitizeOps: true, sanitizeResources: true });
}

async function onBun(): Promise<Register> {
  // Not a literal, because Deno resolves those before it runs anything.
  const runner: string = "bun:test";
  const { test }: BunTest = await import(runner);
  return (name, fn, ignore) => {
    if (ignore) test.skip(name, fn);
    // Bun's own limit, five seconds by default, would come before ours.
    else test(name, fn, 2 ** 31 - 1);
  };
}

/** Each file is a process of its own there, which what a test leaves behind keeps from ending. */
async function onNode(): Promise<Register> {
  const runner: string = "node:test";
  const { test }: NodeTest = await import(runner);
  return (name, body, ignore) =>
    test(name, { skip: ignore }, async () => {
      await body();
    });
}

async function within(
  timeout: number,
  name: string,
  body: Body,
): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`"${name}" was not done after ${timeout} ms.`)),
    timeout,
  );
  try {
    await Promise.race([body(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
