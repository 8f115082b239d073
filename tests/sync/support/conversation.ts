import { raw } from "../../support/raw_peer.ts";
import type { Random } from "../../support/random.ts";

/** Messages of a broker, some of them sound, some not. */
export interface Conversation {
  /** What it says, in pieces that cut frames anywhere. */
  readonly pieces: readonly string[];
  /** What must be handed out, in order; the last one is the last of all. */
  readonly sound: readonly string[];
  /** How many of the others can only be told of. */
  readonly damaged: number;
}

/** How many messages the script says. */
export const MANY = 10_000;

/** The largest body that the client is to accept. */
export const MAX_BODY = 500;

/** So many messages, as chance has it. */
export function conversationOf(random: Random, count: number): Conversation {
  const sound: string[] = [];
  let damaged = 0;
  let text = "";
  for (let i = 0; i < count; i++) {
    const id = `m${i}`;
    const isLast = i === count - 1;
    const kind = isLast ? "sound" : random.pick(
      ["sound", "sound", "escape", "colon", "large", "id", "eols"] as const,
    );
    const headers = { subscription: "s", destination: "/queue/a", ack: id };
    if (kind === "large" || kind === "id") damaged++;
    else sound.push(id);
    text += "\n".repeat(kind === "eols" ? random.below(5) : 0);
    text += raw("MESSAGE", {
      ...kind === "colon" ? { "no-colon-follows": "x\nlike this" } : {},
      ...kind === "escape" ? { note: "C:\\temp" } : {},
      "message-id": kind === "id" ? "a\\tb" : id,
      ...headers,
      ...kind === "large" ? { "content-length": `${2 * MAX_BODY}` } : {},
    }, kind === "large" ? "x".repeat(2 * MAX_BODY) : id);
  }
  const pieces: string[] = [];
  while (text !== "") {
    const length = 1 + random.below(3000);
    pieces.push(text.slice(0, length));
    text = text.slice(length);
  }
  return { pieces, sound, damaged };
}
