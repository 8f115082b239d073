/**
 * Where a client's connection stands, from the broker's side.
 *
 * ```text
 *            good-bye                 lost, over
 *   open ───────────────▶ leaving ───────────────┐
 *    │ │                                         ▼
 *    │ └──────────────── over ───────────────▶ closed
 *    │ lost                                      ▲
 *    └──────▶ orphaned ──── good-bye, over ──────┘
 * ```
 *
 * - **open**: its frames are handled, and it is answered.
 * - **orphaned**: nobody is there any more, and what had come before is still
 *   handled. What it had not acknowledged has gone back, unless one of its open
 *   transactions has claimed it.
 * - **leaving**: good-bye is said, by ERROR or by the RECEIPT of DISCONNECT. What
 *   comes is not looked at; what was to be written is written.
 * - **closed**: nothing more.
 */
export type ConnectionState = "open" | "orphaned" | "leaving" | "closed";

/**
 * What happens to it: we have said the last word; the client is gone; nothing
 * follows, or nothing is to.
 */
export type ConnectionEvent = "good-bye" | "lost" | "over";

const NEXT: Readonly<
  Record<ConnectionState, Readonly<Record<ConnectionEvent, ConnectionState>>>
> = {
  open: { "good-bye": "leaving", lost: "orphaned", over: "closed" },
  orphaned: { "good-bye": "closed", lost: "orphaned", over: "closed" },
  leaving: { "good-bye": "leaving", lost: "closed", over: "closed" },
  closed: { "good-bye": "closed", lost: "closed", over: "closed" },
};

/** The state after an event. */
export function nextConnectionState(
  state: ConnectionState,
  event: ConnectionEvent,
): ConnectionState {
  return NEXT[state][event];
}
