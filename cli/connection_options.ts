import {
  type ConnectOptions,
  type DialectName,
  type HeartBeat,
  type TlsOptions,
  UsageError,
} from "../mod.ts";
import type { Arguments, OptionSpecs } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

/** Where to connect to if nothing is said. */
const DEFAULT_URL = "stomp://guest:guest@127.0.0.1:61613";

/** How long things may take if nothing is said, in ms. */
export const DEFAULT_TIMEOUT = 10_000;

/** Options of every command. */
export const COMMON_OPTIONS: OptionSpecs = {
  json: { help: "write one line of JSON for each thing" },
  quiet: { short: "q", help: "leave the notes out" },
  help: { short: "h", help: "show this help" },
};

/** Options of every command that talks to a broker. */
export const CONNECTION_OPTIONS: OptionSpecs = {
  url: {
    short: "u",
    value: "URL",
    help: `the broker, or STOMP_URL; ${DEFAULT_URL} by default`,
  },
  login: { value: "NAME", help: "who you are, unless the URL says it" },
  "passcode-file": {
    value: "FILE",
    help: "a file with the passcode, or STOMP_PASSCODE",
  },
  ca: { value: "FILE", help: "certificates to trust, in PEM" },
  cert: { value: "FILE", help: "your certificate, in PEM" },
  key: { value: "FILE", help: "its key, in PEM" },
  host: { value: "NAME", help: "the virtual host, if not the URL's path" },
  dialect: {
    value: "NAME",
    help: "the broker's peculiarities, if it does not say them",
  },
  "heart-beat": {
    value: "TIME",
    help: "how often a sign of life is sent and wanted; 0 for never",
  },
  timeout: {
    value: "TIME",
    help: "how long each step may take; 10s by default",
  },
};

/**
 * What the options say about the broker.
 *
 * @throws {UsageError} if one of them is wrong, or a file cannot be read.
 */
export async function connectionTarget(
  args: Arguments,
  terminal: Terminal,
): Promise<{ url: string; options: ConnectOptions }> {
  const timeout = args.duration("timeout") ?? DEFAULT_TIMEOUT;
  const heartBeat = args.duration("heart-beat");
  const tls = await tlsOptions(args, terminal);
  const passcode = await readPasscode(args, terminal);
  return {
    url: args.text("url") ?? terminal.env("STOMP_URL") ?? DEFAULT_URL,
    options: {
      login: args.text("login"),
      passcode,
      host: args.text("host"),
      // It is checked where all options are.
      dialect: args.text("dialect") as DialectName | undefined,
      tls,
      connectTimeout: timeout,
      connectedTimeout: timeout,
      receiptTimeout: timeout,
      drainTimeout: timeout,
      ...(heartBeat === undefined
        ? {}
        : { heartBeat: [heartBeat, heartBeat] satisfies HeartBeat }),
    },
  };
}

async function readPasscode(
  args: Arguments,
  terminal: Terminal,
): Promise<string | undefined> {
  const path = args.text("passcode-file");
  if (path === undefined) return terminal.env("STOMP_PASSCODE");
  const text = await readText(path, terminal, "--passcode-file");
  return text.replace(/\r?\n$/, "");
}

async function tlsOptions(
  args: Arguments,
  terminal: Terminal,
): Promise<TlsOptions | undefined> {
  const [ca, cert, key] = ["ca", "cert", "key"].map((name) => args.text(name));
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError("--cert and --key go together: give both or neither.");
  }
  if (ca === undefined && cert === undefined) return undefined;
  const read = (name: string, path: string | undefined) =>
    path === undefined ? undefined : readText(path, terminal, `--${name}`);
  const [authority, chain, secret] = await Promise.all([
    read("ca", ca),
    read("cert", cert),
    read("key", key),
  ]);
  return {
    ...(authority === undefined ? {} : { caCerts: [authority] }),
    ...(chain === undefined ? {} : { cert: chain }),
    ...(secret === undefined ? {} : { key: secret }),
  };
}

/**
 * A small file as text.
 *
 * @throws {UsageError} that says whose file cannot be read, and why.
 */
export async function readText(
  path: string,
  terminal: Terminal,
  option: string,
): Promise<string> {
  try {
    return new TextDecoder().decode(await terminal.readFile(path));
  } catch (cause) {
    throw unreadable(path, option, cause);
  }
}

/** The error for a file that cannot be opened. */
export function unreadable(
  path: string,
  option: string,
  cause: unknown,
): UsageError {
  return new UsageError(
    `Cannot open ${JSON.stringify(path)} for ${option}: ${
      cause instanceof Error ? cause.message : cause
    }.`,
    { cause },
  );
}
