/**
 * How far a client or a subscription has come on its way to its end.
 *
 * ```text
 *   open ──▶ draining ──▶ leaving ──▶ closed
 *    └───────────┴──── failure ─────────▲
 * ```
 */
export type Stage = "open" | "draining" | "leaving" | "closed";

/** What may still be done in a stage. */
interface Allowed {
  /** Whether anything new is begun: messages handed out, subscriptions made. */
  readonly begins: boolean;
  /** Whether what was begun is finished: messages settled, answers sent. */
  readonly finishes: boolean;
}

/** What each stage means, to clients and to subscriptions alike. */
export const STAGES: Readonly<Record<Stage, Allowed>> = {
  open: { begins: true, finishes: true },
  // Loop bodies and handlers come to their end.
  draining: { begins: false, finishes: true },
  // The broker is being told: UNSUBSCRIBE or DISCONNECT is on its way.
  leaving: { begins: false, finishes: false },
  closed: { begins: false, finishes: false },
};
