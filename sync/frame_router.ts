import type { Frame } from "../codec/mod.ts";
import { type BrokerError, ConnectionError } from "../errors.ts";
import { brokerError, redacted } from "../session/broker_error.ts";
import type { ClientSession } from "../session/client_session.ts";
import type { Inbox } from "./inbox.ts";
import type { ErrorEvent, Receipts } from "./receipts.ts";

/** Where what comes from the broker goes: to who waits for it, or to the inbox. */
export class FrameRouter {
  readonly #session: ClientSession;
  readonly #inbox: Inbox;
  readonly #receipts: Receipts;
  readonly #passcode: string | undefined;
  #lastError: BrokerError | undefined;

  /** Serves one connection. */
  constructor(
    session: ClientSession,
    inbox: Inbox,
    receipts: Receipts,
    passcode: string | undefined,
  ) {
    this.#session = session;
    this.#inbox = inbox;
    this.#receipts = receipts;
    this.#passcode = passcode;
  }

  /**
   * A frame has come.
   *
   * @throws {ProtocolError} if it has no place here, {BrokerError} if it refuses
   * the connection.
   */
  route(frame: Frame): void {
    const event = this.#session.receive(frame);
    switch (event.type) {
      case "message":
        return this.#inbox.keep(event);
      case "damaged": {
        const error = redacted(event.frame.error, this.#passcode);
        return this.#inbox.keep({ ...event, error });
      }
      case "receipt":
        return this.#receipts.resolve(event.id);
      case "connected":
        return this.#receipts.allTaken();
      case "refused":
        throw this.#said("The broker refused the connection", frame);
      case "error":
        return this.#report(event);
    }
  }

  /** Why the connection has ended: what the broker said last may explain it. */
  explained(failure: Error): Error {
    return failure instanceof ConnectionError && failure.cause === undefined &&
        this.#lastError !== undefined
      ? new ConnectionError(failure.message, { cause: this.#lastError })
      : failure;
  }

  /** An ERROR goes to the operation that it belongs to, or into the inbox. */
  #report(event: ErrorEvent): void {
    const error = this.#said("The broker reported", event.frame);
    this.#lastError = error;
    const { receipt, subscription } = event;
    // Whatever is wrong, it is not the good-bye, unless that is said.
    const isElse = this.#session.state === "disconnecting" &&
      receipt === undefined;
    if (!isElse && this.#receipts.reject(event, error)) return;
    this.#inbox.report(error, receipt === undefined ? subscription : undefined);
  }

  #said(what: string, frame: Frame): BrokerError {
    return brokerError(what, frame, this.#passcode);
  }
}
