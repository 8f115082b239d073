/**
 * What the three versions of STOMP allow: which commands there are, which may
 * carry a body and how lines end. Decoder and encoder read their rules here and
 * in escaping.ts, and nowhere else.
 *
 * @module
 */

/** A version of the STOMP protocol. */
export type Version = "1.0" | "1.1" | "1.2";

/** Every version, in increasing order, as `accept-version` wants them. */
export const VERSIONS: readonly Version[] = ["1.0", "1.1", "1.2"];

/** Whether a text, such as a `version` header, names a version we speak. */
export function isVersion(text: string | undefined): text is Version {
  return VERSIONS.includes(text as Version);
}

/** What is known of one command. */
export interface CommandRule {
  readonly command: string;
  /** The first version that has it. */
  readonly since: Version;
  /** Whether it may carry a body (in 1.0 every frame may). */
  readonly body: boolean;
  /** Whether it belongs to the handshake, whose headers are never escaped. */
  readonly handshake: boolean;
}

/** Every command of every version. */
export const COMMANDS: readonly CommandRule[] = ([
  ["CONNECT", "1.0", "no body", "handshake"],
  ["STOMP", "1.1", "no body", "handshake"],
  ["CONNECTED", "1.0", "no body", "handshake"],
  ["SEND", "1.0", "body", "session"],
  ["SUBSCRIBE", "1.0", "no body", "session"],
  ["UNSUBSCRIBE", "1.0", "no body", "session"],
  ["ACK", "1.0", "no body", "session"],
  ["NACK", "1.1", "no body", "session"],
  ["BEGIN", "1.0", "no body", "session"],
  ["COMMIT", "1.0", "no body", "session"],
  ["ABORT", "1.0", "no body", "session"],
  ["DISCONNECT", "1.0", "no body", "session"],
  ["MESSAGE", "1.0", "body", "session"],
  ["RECEIPT", "1.0", "no body", "session"],
  ["ERROR", "1.0", "body", "session"],
] as const).map(([command, since, body, phase]) => ({
  command,
  since,
  body: body === "body",
  handshake: phase === "handshake",
}));

/**
 * The commands of a version. Before negotiation it is not known which version
 * the peer speaks, so all of them.
 */
export function commandsOf(version: Version | undefined): CommandRule[] {
  return COMMANDS.filter((rule) => rule.since <= (version ?? "1.2"));
}

/** Whether a frame may carry a body in a version. */
export function mayCarryBody(
  rule: CommandRule,
  version: Version | undefined,
): boolean {
  return rule.body || version === "1.0";
}

/** Whether CR before LF belongs to the end of the line. */
export function acceptsCrLf(version: Version | undefined): boolean {
  return version === undefined || version === "1.2";
}
