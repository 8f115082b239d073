/** Small pieces are joined in slabs of this size. */
const SLAB = 64 * 1024;
/** A piece of so many octets is kept as it is. */
const LARGE = 8 * 1024;

const TO_UTF8 = new TextEncoder();

/**
 * Octets that wait to be read. What came in many small pieces is taken as few;
 * what was taken is never written to again.
 */
export class OctetQueue {
  readonly #pieces: Uint8Array[] = [];
  #slab: Uint8Array = new Uint8Array(0);
  /** The part of the slab that waits, behind all the pieces. */
  #from = 0;
  #to = 0;
  #length = 0;

  /** How many octets wait. */
  get length(): number {
    return this.#length;
  }

  /** Octets that nobody else will write to. */
  add(octets: Uint8Array): void {
    if (octets.length === 0) return;
    if (octets.length >= LARGE) this.#addPiece(octets);
    else {
      this.#makeRoom(octets.length);
      this.#slab.set(octets, this.#to);
      this.#to += octets.length;
    }
    this.#length += octets.length;
  }

  /** The octets of a text, in UTF-8. */
  addText(text: string): void {
    // One unit of UTF-16 takes three octets at the most.
    const most = text.length * 3;
    if (most >= LARGE) return this.add(TO_UTF8.encode(text));
    this.#makeRoom(most);
    const { written } = TO_UTF8.encodeInto(
      text,
      this.#slab.subarray(this.#to),
    );
    this.#to += written;
    this.#length += written;
  }

  /** The next octets; `undefined`: none wait. */
  take(): Uint8Array | undefined {
    const octets = this.#pieces.shift() ?? this.#takeFromSlab();
    this.#length -= octets?.length ?? 0;
    return octets;
  }

  /** Nothing waits any more. */
  clear(): void {
    this.#pieces.length = 0;
    this.#from = this.#to;
    this.#length = 0;
  }

  #addPiece(octets: Uint8Array): void {
    const before = this.#takeFromSlab();
    if (before !== undefined) this.#pieces.push(before);
    this.#pieces.push(octets);
  }

  #makeRoom(length: number): void {
    if (this.#slab.length - this.#to >= length) return;
    const before = this.#takeFromSlab();
    if (before !== undefined) this.#pieces.push(before);
    this.#slab = new Uint8Array(SLAB);
    this.#from = this.#to = 0;
  }

  #takeFromSlab(): Uint8Array | undefined {
    if (this.#from === this.#to) return undefined;
    const octets = this.#slab.subarray(this.#from, this.#to);
    this.#from = this.#to;
    return octets;
  }
}
