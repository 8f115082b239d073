import { quoted, UsageError } from "../errors.ts";
import type { FailoverPolicy } from "./failover.ts";
import { readTarget, requireUrl, type Target, withoutLogin } from "./target.ts";

/** One broker, or several that stand in for each other. */
export interface Failover {
  /** At least one. */
  readonly targets: readonly Target[];
  /** What the URI says of how to try them. */
  readonly policy: Partial<FailoverPolicy>;
}

type Setting = (value: string) => Partial<FailoverPolicy> | undefined;

/**
 * stompest and ActiveMQ count the attempts behind the first one, and write -1
 * where there is no limit.
 */
const attempts = (
  setting: (value: number) => Partial<FailoverPolicy>,
): Setting =>
(value) =>
  /^(-1|[0-9]+)$/.test(value)
    ? setting(value === "-1" ? Infinity : Number(value) + 1)
    : undefined;

const delay = (
  setting: (value: number) => Partial<FailoverPolicy>,
): Setting =>
(value) => /^[0-9]+$/.test(value) ? setting(Number(value)) : undefined;

const flag = (
  setting: (value: boolean) => Partial<FailoverPolicy>,
): Setting =>
(value) =>
  /^(true|false)$/i.test(value)
    ? setting(value.toLowerCase() === "true")
    : undefined;

const multiplier: Setting = (value) =>
  Number(value) >= 1 && Number(value) < Infinity
    ? { multiplier: Number(value) }
    : undefined;

/** Whatever the others say: where it is off, pauses do not grow. */
const LAST = "useExponentialBackOff";

/** The URI's options under the names that stompest and ActiveMQ give them. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  initialReconnectDelay: delay((initialDelay) => ({ initialDelay })),
  maxReconnectDelay: delay((maxDelay) => ({ maxDelay })),
  reconnectDelayJitter: delay((addedJitter) => ({ jitter: 0, addedJitter })),
  useExponentialBackOff: flag((value) => value ? {} : { multiplier: 1 }),
  backOffMultiplier: multiplier,
  reconnectDelayExponent: multiplier,
  maxReconnectAttempts: attempts((maxAttempts) => ({ maxAttempts })),
  startupMaxReconnectAttempts: attempts((startupMaxAttempts) => ({
    startupMaxAttempts,
  })),
  randomize: flag((randomize) => ({ randomize })),
  priorityBackup: flag((priorityBackup) => ({ priorityBackup })),
};

/**
 * Reads a broker's URL, or a failover URI such as
 * `failover:(stomp://a:61613,stomp://b:61613)?randomize=false`. The brackets
 * and the slashes behind the colon may be left out, and the options may be
 * separated by `&` or by `,`. A single broker's URL may have the same options;
 * what stands behind the question mark of a WebSocket's URL is the WebSocket's.
 *
 * `maxReconnectAttempts` and `startupMaxReconnectAttempts` mean what they mean
 * to stompest: how many attempts are made behind the first one, so that 3 are
 * four in all; -1: no limit. Each broker is tried at least once in any case.
 *
 * @throws {UsageError} that shows the place, but no passcode.
 */
export function parseFailover(uri: string | URL): Failover {
  requireUrl(uri);
  const text = String(uri);
  return /^\s*failover:/i.test(text) ? readList(text) : readSingle(text);
}

function readList(text: string): Failover {
  const refuse = (reason: string): never => {
    throw new UsageError(
      `Cannot use ${quoted(withoutLogin(text))} as a failover URI: ${reason}.`,
    );
  };
  const match =
    /^\s*failover:(?:\/\/)?(?:\((?<inner>[^()]*)\)|(?<bare>[^()?]*))(?:\?(?<query>.*?))?\s*$/is
      .exec(text);
  if (match === null) {
    return refuse(
      "its brackets do not match; it must look like " +
        '"failover:(stomp://a:61613,stomp://b:61613)?randomize=false"',
    );
  }
  const { inner, bare, query = "" } = match.groups!;
  const targets = (inner ?? bare!).split(",").map((broker, index) => {
    const which = `broker ${index + 1} of its list`;
    if (broker === "") return refuse(`${which} is empty`);
    return readTarget(
      broker,
      (reason) => refuse(`${which} cannot be used, because ${reason}`),
    );
  });
  return { targets, policy: readOptions(query, refuse) };
}

function readSingle(text: string): Failover {
  const refuse = (reason: string): never => {
    throw new UsageError(
      `Cannot use ${quoted(withoutLogin(text))} as a broker's URL: ${reason}.`,
    );
  };
  const isWebSocket = /^\s*wss?:/i.test(text);
  const at = isWebSocket ? -1 : text.indexOf("?");
  if (at < 0) return { targets: [readTarget(text, refuse)], policy: {} };
  return {
    targets: [readTarget(text.slice(0, at), refuse)],
    policy: readOptions(text.slice(at + 1), refuse),
  };
}

/** The options behind the question mark. */
function readOptions(
  query: string,
  refuse: (reason: string) => never,
): Partial<FailoverPolicy> {
  // What was taken for options is the rest of a passcode.
  if (query.includes("@")) {
    return refuse(
      'the "?" in its login or passcode must be percent-encoded, as "%3F"',
    );
  }
  let policy: Partial<FailoverPolicy> = {};
  let last: Partial<FailoverPolicy> = {};
  for (const option of query === "" ? [] : query.split(/[&,]/)) {
    const [, name = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(option)!;
    const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    if (setting === undefined) {
      return refuse(
        `it has no option ${quoted(name)}; choose among ${
          Object.keys(SETTINGS).join(", ")
        }`,
      );
    }
    const set = value === undefined ? undefined : setting(value);
    if (set === undefined) {
      return refuse(
        `its option ${quoted(name)} cannot be ${quoted(value ?? "nothing")}`,
      );
    }
    if (name === LAST) last = set;
    else policy = { ...policy, ...set };
  }
  return { ...policy, ...last };
}
