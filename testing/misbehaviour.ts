import {
  boolean,
  type Check,
  isRecord,
  milliseconds,
  wholeNumber,
} from "../session/option_checks.ts";

/**
 * What a broker does wrong. Frames and receipts are counted for each connection,
 * from 1. What is not given is done as it should be.
 */
export interface Misbehaviour {
  /** Connections are closed as soon as they are made. */
  refuseConnections?: boolean | undefined;
  /** Frames are read, and nothing is ever answered. */
  staySilent?: boolean | undefined;
  /**
   * Commands that are answered with ERROR and the end of the connection, and
   * its `message`, such as `{ CONNECT: "no", SEND: "the queue is full" }`.
   */
  errorOn?: Readonly<Record<string, string>> | undefined;
  /** The connection is dropped when this frame of the client's comes; CONNECT is 1. */
  dropAtFrame?: number | undefined;
  /** The connection is dropped in the middle of this frame of ours; CONNECTED is 1. */
  dropInsideFrame?: number | undefined;
  /** This receipt never leaves. */
  loseReceipt?: number | undefined;
  /** This receipt, or each, leaves so many ms late. */
  delayReceipt?:
    | { readonly nth: number | "each"; readonly by: number }
    | undefined;
  /** Each message is delivered twice, the second time as if the first never was. */
  deliverTwice?: boolean | undefined;
  /** Everything is written octet by octet. */
  splitWrites?: boolean | undefined;
  /** Nothing is read any more, so that clients run into a full socket. */
  stopReading?: boolean | undefined;
  /** No heart-beats are sent, whatever was promised. */
  stopHeartBeats?: boolean | undefined;
}

/** What those may be. */
export const MISBEHAVIOUR_CHECKS: Readonly<Record<keyof Misbehaviour, Check>> =
  {
    refuseConnections: boolean,
    staySilent: boolean,
    errorOn: (value) =>
      isRecord(value) &&
        Object.values(value).every((text) => typeof text === "string")
        ? undefined
        : "a record of messages by command",
    dropAtFrame: wholeNumber(1),
    dropInsideFrame: wholeNumber(1),
    loseReceipt: wholeNumber(1),
    delayReceipt: (value) =>
      isRecord(value) && milliseconds(value["by"]) === undefined &&
        (value["nth"] === "each" || wholeNumber(1)(value["nth"]) === undefined)
        ? undefined
        : 'such as { nth: 2, by: 1000 } or { nth: "each", by: 1000 }',
    deliverTwice: boolean,
    splitWrites: boolean,
    stopReading: boolean,
    stopHeartBeats: boolean,
  };
