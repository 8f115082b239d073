import { type BrokerOptions, serve } from "../../broker/mod.ts";
import { UsageError } from "../../mod.ts";
import { type Command, EXIT } from "../command.ts";
import { readText } from "../connection_options.ts";
import { wordsOf } from "../words.ts";

/** Limits of the broker that can be set. */
const LIMITS = {
  "max-connections": "maxConnections",
  "max-subscriptions": "maxSubscriptions",
  "max-destinations": "maxDestinations",
  "max-transactions": "maxTransactions",
  "max-octets": "maxOctets",
  "max-queue-octets": "maxQueueOctets",
} as const satisfies Record<string, keyof BrokerOptions>;

/** Serves the embedded broker. */
export const broker: Command = {
  name: "broker",
  usage: "",
  summary: "serve a broker in this process, for development and tests",
  description: "It keeps messages in memory: they are gone when it ends.",
  connects: false,
  options: {
    hostname: { value: "NAME", help: "where to listen; 127.0.0.1" },
    port: { value: "N", help: "the TCP port; 61613, 0 for any free one" },
    "ws-port": { value: "N", help: "the port for WebSockets; none by default" },
    origin: {
      value: "ORIGIN",
      isRepeated: true,
      help: "pages that may connect by WebSocket; may be repeated",
    },
    user: {
      value: "LOGIN:PASSCODE",
      isRepeated: true,
      help: "who may connect; everybody by default",
    },
    cert: { value: "FILE", help: "its certificate, in PEM" },
    key: { value: "FILE", help: "its key, in PEM" },
    ...Object.fromEntries(
      Object.keys(LIMITS).map((
        name,
      ) => [name, { value: "N", help: "a limit" }]),
    ),
  },
  examples: [
    "stompest broker",
    "stompest broker --port 0 --ws-port 15674 --user guest:guest",
  ],
  async run(context) {
    wordsOf(context, 0, 0, "broker");
    const { args, isJson, output, terminal } = context;
    const limits = Object.fromEntries(
      Object.entries(LIMITS).flatMap(([name, option]) => {
        const count = args.count(name);
        return count === undefined ? [] : [[option, count]];
      }),
    );
    const [cert, key] = ["cert", "key"].map((name) => args.text(name));
    if ((cert === undefined) !== (key === undefined)) {
      throw new UsageError(
        "--cert and --key go together: give both or neither.",
      );
    }
    const origins = args.texts("origin");
    await using served = await serve({
      hostname: args.text("hostname"),
      port: args.count("port", 0) ?? 61_613,
      webSocketPort: args.count("ws-port", 0),
      credentials: credentials(args.texts("user")),
      ...(origins.length === 0 ? {} : { origins }),
      ...(cert === undefined || key === undefined ? {} : {
        tls: {
          cert: await readText(cert, terminal, "--cert"),
          key: await readText(key, terminal, "--key"),
        },
      }),
      ...limits,
    });
    const { url, webSocketUrl } = served;
    await output.line(
      isJson
        ? JSON.stringify({ url, webSocketUrl })
        : [url, webSocketUrl].filter((url) => url !== undefined).join("\n"),
    );
    await output.flush();
    await new Promise<void>((resolve) =>
      terminal.interrupted.addEventListener("abort", () => resolve())
    );
    return EXIT.done;
  },
};

function credentials(
  users: readonly string[],
): Record<string, string> | undefined {
  if (users.length === 0) return undefined;
  return Object.fromEntries(users.map((user) => {
    const colon = user.indexOf(":");
    if (colon < 1) {
      throw new UsageError("--user is written LOGIN:PASSCODE.");
    }
    return [user.slice(0, colon), user.slice(colon + 1)];
  }));
}
