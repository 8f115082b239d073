import {
  type BrokerError,
  ConnectionError,
  type StompError,
} from "../errors.ts";
import type { SessionEvent } from "../session/events.ts";

/** What an operation is called in messages, and how long it may take. */
export interface Operation {
  readonly name: string;
  /** In ms, from `begun` on. */
  readonly timeout: number;
  readonly begun: number;
  /** What it subscribes to, by its id. */
  readonly subscription?: string | undefined;
}

/** An ERROR came. */
export type ErrorEvent = Extract<SessionEvent, { type: "error" }>;

/** A receipt that is waited for, and what came of it. */
interface Awaited {
  readonly id: string;
  readonly operation: Operation;
  /** The how-many-th frame has asked for it. */
  readonly position: number;
  answer: "receipt" | StompError | undefined;
}

/** The receipt that a call waits for, one at a time. */
export class Receipts {
  /** How many frames were written. */
  #written = 0;
  /** How many of them the broker has taken, as far as is known. */
  #taken = 0;
  #awaited: Awaited | undefined;

  /** A frame was written. */
  wrote(): void {
    this.#written++;
  }

  /** The broker has taken everything that was written. */
  allTaken(): void {
    this.#taken = this.#written;
  }

  /** The last frame that was written has asked for this receipt. */
  expect(id: string, operation: Operation): void {
    const position = this.#written;
    this.#awaited = { id, operation, position, answer: undefined };
  }

  /** Whether what is waited for has come, for better or worse. */
  get isAnswered(): boolean {
    return this.#awaited?.answer !== undefined;
  }

  /**
   * Waits no longer, and says whether the receipt has come.
   *
   * @throws What has come instead.
   */
  settle(): boolean {
    const answer = this.#awaited?.answer;
    this.#awaited = undefined;
    if (answer instanceof Error) throw answer;
    return answer !== undefined;
  }

  /** A receipt came; one that nobody waits for any more is tolerated. */
  resolve(id: string): void {
    if (id === this.#awaited?.id) this.#answer("receipt");
  }

  /**
   * An ERROR came. Says whether it is the answer to who waits: because it says
   * so, or because it says nothing. Where it may as well be about something that
   * was sent before, the fate of what waits is unknown.
   */
  reject({ receipt, subscription }: ErrorEvent, error: BrokerError): boolean {
    const awaited = this.#awaited;
    if (awaited === undefined || this.isAnswered) return false;
    const { id, operation, position } = awaited;
    const isAbout = receipt !== undefined
      ? receipt === id
      : subscription === undefined ||
        subscription.id === operation.subscription;
    if (!isAbout) return false;
    const isNamed = receipt !== undefined || subscription !== undefined;
    if (isNamed || position - 1 <= this.#taken) this.#answer(error);
    else {
      awaited.answer = unknownFate(
        operation.name,
        "the broker has reported an error, which may be about something that " +
          "was sent before",
        error,
      );
    }
    return true;
  }

  #answer(answer: "receipt" | BrokerError): void {
    const awaited = this.#awaited!;
    awaited.answer ??= answer;
    this.#taken = Math.max(this.#taken, awaited.position);
  }
}

/** Nobody knows what became of an operation. */
export function unknownFate(
  name: string,
  reason: string,
  cause: StompError,
): ConnectionError {
  return new ConnectionError(
    `It is unknown whether the broker took ${name}: ${reason}. Repeating it ` +
      "may do it twice.",
    { cause, unknown: true },
  );
}
