import type { DamagedFrame, Frame } from "../codec/mod.ts";

/** How a subscription's messages are acknowledged (STOMP 1.2, "ack Header"). */
export type AckMode = "auto" | "client" | "client-individual";

/** A subscription as the session knows it. */
export interface SessionSubscription {
  /** Unique within the connection. */
  readonly id: string;
  /** As it was given; destinations are opaque. */
  readonly destination: string;
  /** Who acknowledges what. */
  readonly ack: AckMode;
  /** Whether it outlives the connection. */
  readonly isDurable: boolean;
}

/** What a frame from the broker means. */
export type SessionEvent =
  | { readonly type: "connected"; readonly frame: Frame }
  | { readonly type: "refused"; readonly frame: Frame }
  | {
    readonly type: "message";
    readonly frame: Frame;
    /** `undefined`: no subscription of ours, or one that has ended. */
    readonly subscription: SessionSubscription | undefined;
  }
  | {
    readonly type: "damaged";
    /** A MESSAGE that cannot be handed out; its `error` says why. */
    readonly frame: DamagedFrame;
    /** As far as that is known. */
    readonly subscription: SessionSubscription | undefined;
  }
  | {
    readonly type: "receipt";
    readonly id: string;
    /** The command that asked for it; `undefined`: nobody did. */
    readonly command: string | undefined;
  }
  | {
    readonly type: "error";
    readonly frame: Frame;
    /** The outstanding receipt of the frame that caused it, if it says so. */
    readonly receipt: string | undefined;
    /** The subscription that it names, if it is one of ours. */
    readonly subscription: SessionSubscription | undefined;
  };
