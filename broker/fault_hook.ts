import type { Frame } from "../codec/mod.ts";

/** What becomes of a frame that a client has sent. */
export type Reception =
  | "handle"
  | "ignore"
  | "drop"
  | { readonly error: string };

/** Listens in on a connection, and may spoil it: the test kit's way in. */
export interface FaultHook {
  /** Whether heart-beats are sent. */
  readonly beats: boolean;
  /** Whether the client may say nothing for as long as it likes. */
  readonly isPatient: boolean;
  /** A frame has come. */
  received(frame: Frame): Reception;
  /** A frame is to be sent: what goes out in its place, and after how many ms. */
  sending(frame: Frame): { readonly frames: readonly Frame[]; delay: number };
}
