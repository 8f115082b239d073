/** Where a browser has no `setImmediate`: what waits for the next message. */
let waiting: (() => void)[] = [];
let channel: MessageChannel | undefined;

/**
 * Resolves at the end of this turn of the event loop. A socket that takes
 * octets at once would otherwise have each small frame written on its own; with
 * this, whatever a turn produces leaves together, and nobody waits for a timer.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else afterMessage(resolve);
  });
}

/** A timer would be held up in a hidden tab, a message is not. */
function afterMessage(callback: () => void): void {
  if (channel === undefined) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => {
      const callbacks = waiting;
      waiting = [];
      for (const callback of callbacks) callback();
    };
  }
  waiting.push(callback);
  if (waiting.length === 1) channel.port2.postMessage(undefined);
}

/**
 * Where one turn follows the other at once, Deno looks at its sockets in every
 * 61st only. It takes a tenth of a millisecond to go round so often.
 */
const TURNS = 64;

/**
 * Resolves when everybody has had a turn: timers, sockets, and whoever else
 * waits for the event loop.
 */
export function everybodysTurn(): Promise<void> {
  if (typeof setImmediate !== "function") return turn();
  return new Promise((resolve) => {
    let left = TURNS;
    const next = () => --left > 0 ? setImmediate(next) : resolve();
    setImmediate(next);
  });
}
