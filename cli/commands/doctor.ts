import { delay } from "@std/async";
import {
  BrokerError,
  type Client,
  connect,
  type ConnectOptions,
} from "../../mod.ts";
import { parseFailover } from "../../session/failover_uri.ts";
import type { Target } from "../../session/target.ts";
import { type Command, type Context, EXIT } from "../command.ts";
import { addressesOf, certificateAt, dial } from "../network_probe.ts";
import { duration } from "../progress.ts";
import { wordsOf } from "../words.ts";

/** The queue that is used for a moment; a message is sent to it and taken out. */
const PROBE = "/queue/stompest-doctor";

/** One thing that was looked at. */
interface Finding {
  readonly step: string;
  readonly isGood: boolean;
  readonly text: string;
  /** What to change. */
  readonly advice?: string;
}

/** Finds out why a broker cannot be reached, or that it can. */
export const doctor: Command = {
  name: "doctor",
  usage: "",
  summary: "walk from DNS to credit, and say what is wrong and what to change",
  description: `It sends one message to ${PROBE} and takes it out again.`,
  connects: true,
  options: {
    report: { help: "what belongs into a bug report, without secrets" },
  },
  examples: [
    "stompest doctor -u stomps://broker.example:61614",
    "stompest doctor --report > report.txt",
  ],
  async run(context) {
    wordsOf(context, 0, 0, "doctor");
    const findings: Finding[] = [];
    for await (const finding of examine(context)) {
      findings.push(finding);
      if (!context.isJson) await context.output.line(show(finding));
    }
    const isGood = findings.every((finding) => finding.isGood);
    if (context.isJson) await context.output.line(JSON.stringify(findings));
    if (context.args.isSet("report")) await context.output.line(environment());
    if (!context.isJson && isGood) {
      await context.output.line("Nothing is wrong.");
    }
    return isGood ? EXIT.done : EXIT.broker;
  },
};

function show({ step, isGood, text, advice }: Finding): string {
  const line = `${isGood ? "ok  " : "BAD "} ${step}: ${text}`;
  return advice === undefined ? line : `${line}\n     ${advice}`;
}

async function* examine(context: Context): AsyncGenerator<Finding> {
  const { url, options } = await context.target();
  const { targets } = parseFailover(url);
  for (const target of targets) {
    let isReached = true;
    for await (
      const finding of examineNetwork(target, context.timeout, options)
    ) {
      yield finding;
      isReached &&= finding.isGood;
    }
    if (!isReached) return;
  }
  let client: Client | undefined;
  try {
    client = await connect(url, { ...options, reconnect: false });
  } catch (error) {
    yield refusal(error, options);
    return;
  }
  try {
    yield* examineSession(client, context.timeout);
  } finally {
    await client.close();
  }
}

async function* examineNetwork(
  target: Target,
  timeout: number,
  { tls }: ConnectOptions,
): AsyncGenerator<Finding> {
  const { hostname, port } = target;
  let addresses: string[];
  try {
    addresses = await addressesOf(hostname);
  } catch (error) {
    yield bad(
      "DNS",
      `${hostname} has no address (${messageOf(error)})`,
      "Check the host name, and which DNS this machine asks.",
    );
    return;
  }
  yield good("DNS", `${hostname} is ${addresses.join(", ")}`);
  for (const address of addresses) {
    try {
      const time = await dial({ hostname: address, port }, timeout);
      yield good("TCP", `${address} port ${port} answers in ${duration(time)}`);
    } catch (error) {
      yield bad(
        "TCP",
        `${address} port ${port}: ${messageOf(error)}`,
        "Check that the broker runs, that its STOMP connector listens on this port, and the firewalls between.",
      );
    }
  }
  if (!target.tls) return;
  try {
    const { subject, issuer, validTo, distrust } = await certificateAt(
      { hostname, port },
      timeout,
      tls,
    );
    const text = `for ${subject}, by ${issuer}, until ${validTo}`;
    yield distrust === undefined ? good("TLS", text) : bad(
      "TLS",
      `${text}: ${distrust}`,
      "Give the authority's certificate with --ca, or connect by the name that the certificate is for.",
    );
  } catch (error) {
    yield bad(
      "TLS",
      messageOf(error),
      "Is this the port for TLS? In clear text the scheme is stomp://.",
    );
  }
}

function refusal(error: unknown, { login }: ConnectOptions): Finding {
  const text = messageOf(error);
  if (
    !(error instanceof BrokerError) &&
    !(error instanceof Error && error.cause instanceof BrokerError)
  ) {
    return bad(
      "STOMP",
      text,
      "Something answers on this port, but not as a STOMP broker does.",
    );
  }
  return /host|vhost/i.test(text)
    ? bad(
      "virtual host",
      text,
      "Name the virtual host in the URL's path or with --host; RabbitMQ's first one is /.",
    )
    : bad(
      "login",
      text,
      `${
        login === undefined ? "The login of the URL" : `The login ${login}`
      } or its passcode is refused, or may not use this virtual host.`,
    );
}

async function* examineSession(
  client: Client,
  timeout: number,
): AsyncGenerator<Finding> {
  const { server, version, heartBeat } = client;
  yield good(
    "STOMP",
    `version ${version}, ${server ?? "a broker that does not say what it is"}`,
  );
  const began = performance.now();
  try {
    await client.send(PROBE, "probe", { receipt: true, timeout });
    yield good(
      "receipts",
      `confirmed in ${duration(performance.now() - began)}`,
    );
  } catch (error) {
    yield bad(
      "receipts",
      messageOf(error),
      "The broker does not let this login send, or confirms nothing.",
    );
    return;
  }
  const subscription = client.subscribe(PROBE, {
    prefetch: 1,
    manualAck: true,
  });
  const message = await subscription.receive({ timeout });
  if (message === null) {
    yield bad(
      "credit",
      "the message that was sent does not come back",
      "Another consumer may have taken it, or this login may not read.",
    );
  } else {
    await message.ack({ receipt: true });
    yield good("credit", "a message came back and was acknowledged");
  }
  await subscription.unsubscribe();
  yield* examineHeartBeats(client, heartBeat[1]);
}

async function* examineHeartBeats(
  client: Client,
  period: number,
): AsyncGenerator<Finding> {
  if (period === 0) {
    yield good(
      "heart-beats",
      "none were agreed on: a broker that vanishes is noticed late",
    );
    return;
  }
  // A silent broker is told by whether anything came within two periods.
  const wait = Math.min(2 * period + 500, 25_000);
  const before = client.stats().octetsReceived;
  await delay(wait);
  yield client.stats().octetsReceived > before
    ? good("heart-beats", `they come, every ${duration(period)} at least`)
    : bad(
      "heart-beats",
      `none came within ${duration(wait)}`,
      "Something between here and the broker may hold them back.",
    );
}

function good(step: string, text: string): Finding {
  return { step, isGood: true, text };
}

function bad(step: string, text: string, advice: string): Finding {
  return { step, isGood: false, text, advice };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function environment(): string {
  return `runtime: ${navigator.userAgent}`;
}
