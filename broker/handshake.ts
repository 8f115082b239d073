import { Frame, type Version, VERSIONS } from "../codec/mod.ts";
import { quoted } from "../errors.ts";
import {
  type HeartBeat,
  negotiateHeartBeat,
  parseHeartBeat,
} from "../session/heart_beat.ts";
import { highestCommonVersion } from "../session/versions.ts";
import type { BrokerCore } from "./core.ts";
import { isAdmitted } from "./credentials.ts";
import { heartBeatFor } from "./broker_dialect.ts";
import { Refusal } from "./refusal.ts";

/** What a client and the broker have settled on. */
export interface Handshake {
  readonly version: Version;
  /** The name that the client has given itself. */
  readonly client: string | undefined;
  /** How often the broker sends, how often the client. */
  readonly heartBeat: HeartBeat;
  /** What the client is told. */
  readonly connected: Frame;
}

/**
 * Takes a CONNECT or STOMP frame. The client is enrolled under its name.
 *
 * @throws {Refusal} if the client may not connect.
 */
export function shakeHands(
  frame: Frame,
  core: BrokerCore,
  session: string,
): Handshake {
  const { serverName: server } = core.dialect;
  const version = versionFor(frame);
  const asked = parseHeartBeat(frame.headers.get("heart-beat"));
  const heartBeat = core.options.heartBeat ??
    heartBeatFor(asked, core.dialect.heartBeat, version);
  // Last, so that nobody is enrolled who is refused.
  const client = admitted(frame, core);
  const connected = new Frame("CONNECTED", {
    version,
    ...server === undefined ? {} : { server },
    session,
    "heart-beat": heartBeat.join(","),
  });
  return {
    version,
    client,
    heartBeat: negotiateHeartBeat(heartBeat, asked),
    connected,
  };
}

function versionFor({ headers }: Frame): Version {
  const accepted = headers.get("accept-version");
  const version = highestCommonVersion(accepted);
  if (version !== undefined) return version;
  throw new Refusal(
    `This broker speaks STOMP ${VERSIONS.join(", ")}, and none of ${
      quoted(accepted)
    }.`,
    { headers: [["version", VERSIONS.join(",")]] },
  );
}

/** The name of a client that may come in. */
function admitted({ headers }: Frame, core: BrokerCore): string | undefined {
  const { hosts, hasUniqueClients } = core.dialect;
  const host = headers.get("host");
  if (host !== undefined && hosts !== undefined && !hosts.includes(host)) {
    throw new Refusal(`There is no access to the host ${quoted(host)}.`);
  }
  if (!isAdmitted(headers, core.options.credentials)) {
    throw new Refusal("Login or passcode is wrong.");
  }
  const client = headers.get("client-id");
  if (client !== undefined && hasUniqueClients && !core.enroll(client)) {
    throw new Refusal(`The client ${quoted(client)} is connected already.`);
  }
  return client;
}
