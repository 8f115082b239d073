import { ProtocolError, UsageError } from "../errors.ts";

/**
 * Where a connection stands between a client and a broker.
 *
 * ```text
 *          CONNECT            CONNECTED             DISCONNECT
 *  idle ───────────▶ connecting ──────────▶ connected ──────────▶ disconnecting
 *                        │ ERROR                │ ▲                    │
 *                        ▼                      └─┘ everything else    │
 *                     refused                                          │
 *                        │              lost (from anywhere)           │
 *                        └──────────────▶ closed ◀─────────────────────┘
 * ```
 *
 * ERROR leaves a connection as it is: the specification wants the broker to
 * close it then, and real brokers often do not.
 */
export type SessionState =
  | "idle"
  | "connecting"
  | "refused"
  | "connected"
  | "disconnecting"
  | "closed";

/** Who sent a frame. */
export type Role = "client" | "broker";

type Row = Readonly<Record<string, SessionState>>;

const stays = (state: SessionState, ...commands: string[]): Row =>
  Object.fromEntries(commands.map((command) => [command, state]));

const ANSWERS = ["MESSAGE", "RECEIPT", "ERROR"];

/** Every legal frame: who, in which state, which command, and the next state. */
const LEGAL: Readonly<Record<SessionState, Readonly<Record<Role, Row>>>> = {
  idle: {
    client: stays("connecting", "CONNECT", "STOMP"),
    broker: {},
  },
  connecting: {
    client: {},
    broker: { CONNECTED: "connected", ERROR: "refused" },
  },
  refused: { client: {}, broker: {} },
  connected: {
    client: {
      // deno-fmt-ignore
      ...stays("connected", "SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK",
        "BEGIN", "COMMIT", "ABORT"),
      DISCONNECT: "disconnecting",
    },
    broker: stays("connected", ...ANSWERS),
  },
  disconnecting: {
    client: {},
    broker: stays("disconnecting", ...ANSWERS),
  },
  closed: { client: {}, broker: {} },
};

/**
 * The state after a frame.
 *
 * @throws {UsageError} if it is our own frame that has no place in this state,
 * {ProtocolError} if it is the peer's.
 */
export function nextState(
  state: SessionState,
  sender: Role,
  command: string,
  own: Role,
): SessionState {
  const next = LEGAL[state][sender][command];
  // An object also has what every object inherits, such as "constructor".
  if (typeof next === "string") return next;
  if (sender === own) {
    throw new UsageError(
      `Cannot send ${command}: the connection is ${STANDING[state]}.`,
    );
  }
  throw new ProtocolError(
    `The ${sender} sent ${command} while the connection was ${
      STANDING[state]
    }.`,
  );
}

const STANDING: Readonly<Record<SessionState, string>> = {
  idle: "not opened with CONNECT",
  connecting: "waiting for CONNECTED",
  refused: "refused with ERROR",
  connected: "open",
  disconnecting: "closing after DISCONNECT",
  closed: "closed",
};
