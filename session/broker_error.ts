/**
 * What the broker said, in our errors: short, and without the passcode, which it
 * may repeat.
 *
 * @module
 */

import type { Frame } from "../codec/mod.ts";
import { BrokerError, FrameError, ProtocolError } from "../errors.ts";
import { redactFrame, redactText } from "./redaction.ts";

/** How much of an explanation of the broker's goes into a message. */
const LONGEST_REASON = 200;

/** The error that an ERROR frame becomes; `what` begins its sentence. */
export function brokerError(
  what: string,
  frame: Frame,
  passcode: string | undefined,
): BrokerError {
  const message = frame.headers.get("message") ?? "";
  // RabbitMQ says what went wrong in the body alone, ActiveMQ puts a trace there.
  const [line = ""] = new TextDecoder().decode(frame.body).trim().split("\n");
  // What one leaves out is in the other: ActiveMQ names the exception in the body.
  const said = message.includes(line)
    ? message
    : line.includes(message)
    ? line
    : `${message}: ${line}`;
  // Cut only then: a piece of a passcode is not for print either.
  const shown = redactText(said, passcode).slice(0, LONGEST_REASON);
  return new BrokerError(
    `${what}: ${JSON.stringify(shown)}.`,
    redactFrame(frame, passcode),
  );
}

/** The same error about what the peer has sent, without the passcode. */
export function redacted(
  error: unknown,
  passcode: string | undefined,
): unknown {
  if (!(error instanceof ProtocolError)) return error;
  const message = redactText(error.message, passcode);
  if (message === error.message) return error;
  return error instanceof FrameError
    ? new FrameError(message)
    : new ProtocolError(message);
}
