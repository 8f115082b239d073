import type { Frame } from "../codec/mod.ts";
import type { ClientSession } from "./client_session.ts";

/** Nobody else's transaction. */
const TRANSACTION = "stompest-alive";

/**
 * Frames that change nothing and have the broker answer: for brokers that may
 * keep silent for longer than the heart-beat that they promised.
 */
export function livenessProbe(session: ClientSession): Frame[] {
  return [
    session.begin({ transaction: TRANSACTION }),
    session.abort(TRANSACTION, { receipt: session.newReceipt() }),
  ];
}
