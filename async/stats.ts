/** What a client has done and is about, at one moment. */
export interface ClientStats {
  /** Frames that have come, over all connections. */
  readonly framesReceived: number;
  /** Frames that have been put on their way, over all connections. */
  readonly framesSent: number;
  /** Octets that have come, heart-beats included. */
  readonly octetsReceived: number;
  /** Octets that the socket has taken, heart-beats included. */
  readonly octetsSent: number;
  /** Receipts that are waited for. */
  readonly pendingReceipts: number;
  /** Messages that have come and were not handed out yet. */
  readonly waiting: number;
  /** Messages that were handed out and that the program is not done with. */
  readonly inHand: number;
  /** For how long it has had the oldest of those, in ms. */
  readonly oldestInHand: number | undefined;
  /** How often a handler has failed. */
  readonly failed: number;
  /** How often a lost connection was made again. */
  readonly reconnects: number;
  /** For how long the broker has given no sign of life, in ms. */
  readonly silence: number;
}

/** What goes over a client's connections, counted. */
export class Traffic {
  framesReceived = 0;
  framesSent = 0;
  octetsReceived = 0;
  octetsSent = 0;
  /** When octets came last, by the client's clock. */
  receivedAt = 0;
}
