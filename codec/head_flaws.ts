/**
 * Headers that say what is to become of a frame: a value that is damaged is never
 * guessed.
 */
export const DECIDING: ReadonlySet<string> = new Set([
  "ack",
  "content-length",
  "destination",
  "message-id",
  "receipt-id",
  "subscription",
]);

const LONGEST = Math.max(...Array.from(DECIDING, ({ length }) => length));

/** What a lenient reader finds wrong with one head, and mends. */
export class HeadFlaws {
  /** One sentence each; `undefined`: the head is sound. */
  list: string[] | undefined;
  /** What is wrong with a header that decides, if anything is. */
  damage: string | undefined;
  /** Which headers those are. */
  readonly damaged: string[] = [];
  /** What is wrong with the present line; the first of it counts. */
  #inLine: string | undefined;

  /** Another head begins. */
  clear(): void {
    this.list = this.damage = this.#inLine = undefined;
    this.damaged.length = 0;
  }

  /** Whether something is wrong with the present line. */
  get isInLine(): boolean {
    return this.#inLine !== undefined;
  }

  /** Something is wrong with the present line. */
  note(what: string): void {
    this.#inLine ??= what;
  }

  /** The present line is over; it belongs to the header of this name. */
  endLine(number: number, name: Uint8Array): void {
    const flaw = `header line ${number} has ${this.#inLine}`;
    this.#inLine = undefined;
    this.add(flaw);
    if (name.length > LONGEST) return;
    const text = String.fromCharCode(...name);
    if (!DECIDING.has(text)) return;
    this.damage ??= flaw;
    this.damaged.push(text);
  }

  /** Something is wrong with the frame as a whole. */
  add(flaw: string): void {
    (this.list ??= []).push(flaw);
  }
}
