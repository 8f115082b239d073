import type { Frame, Version } from "../codec/mod.ts";
import type { BrokerDialect } from "./broker_dialect.ts";
import { required } from "./refusal.ts";

/** How the frames of a client name subscriptions and messages. */
export interface IdRules {
  readonly version: Version | undefined;
  readonly dialect: BrokerDialect;
}

/**
 * What a subscription goes by: its id, or where it needs none its destination.
 *
 * @throws {Refusal} if the frame does not say it.
 */
export function keyOf(frame: Frame, rules: IdRules): string {
  return needsId(rules)
    ? required(frame, "id")
    : frame.headers.get("id") ?? required(frame, "destination");
}

/**
 * The message that an ACK or NACK names and the subscription, if it says that.
 *
 * @throws {Refusal} if it does not say what its version wants.
 */
export function settledBy(
  frame: Frame,
  rules: IdRules,
): readonly [message: string, key: string | undefined] {
  if (rules.version === "1.2") {
    const id = required(frame, "id");
    const at = id.indexOf("@");
    if (at >= 0) return [id.slice(0, at), id.slice(at + 1)];
    return [id, rules.dialect.takesMessageIds ? undefined : ""];
  }
  return [
    required(frame, "message-id"),
    needsId(rules)
      ? required(frame, "subscription")
      : frame.headers.get("subscription"),
  ];
}

function needsId({ version, dialect }: IdRules): boolean {
  return version !== "1.0" && dialect.needsId;
}
