import { Frame, type Version } from "../../codec/mod.ts";
import { ClientSession } from "../../session/client_session.ts";
import type { ClientSessionOptions } from "../../session/session_options.ts";
import type { SessionState } from "../../session/states.ts";

/** A session that a broker has answered with CONNECTED. */
export function connectedSession(
  version: Version = "1.2",
  options: ClientSessionOptions = {},
  headers: Record<string, string> = {},
): ClientSession {
  const session = new ClientSession(options);
  session.connect();
  session.receive(new Frame("CONNECTED", { version, ...headers }));
  return session;
}

/** A session in the given state. */
export function sessionIn(state: SessionState): ClientSession {
  const session = new ClientSession();
  const steps: Readonly<Record<SessionState, readonly (() => void)[]>> = {
    idle: [],
    connecting: [() => session.connect()],
    refused: [
      () => session.connect(),
      () => session.receive(new Frame("ERROR")),
    ],
    connected: [
      () => session.connect(),
      () => session.receive(new Frame("CONNECTED", { version: "1.2" })),
    ],
    disconnecting: [
      () => session.connect(),
      () => session.receive(new Frame("CONNECTED", { version: "1.2" })),
      () => session.disconnect(),
    ],
    closed: [() => session.lost()],
  };
  for (const step of steps[state]) step();
  return session;
}

/** A MESSAGE with every header that an acknowledgement could want. */
export function message(headers: Record<string, string> = {}): Frame {
  return new Frame("MESSAGE", {
    destination: "/queue/a",
    "message-id": "m-1",
    subscription: "s-1",
    ack: "a-1",
    ...headers,
  });
}
