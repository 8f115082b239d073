/**
 * A window on octets that arrive in pieces, in which one frame at a time is
 * contiguous. Where a frame lies inside a piece, the window is that piece and
 * nothing is copied; only a frame that crosses the end of a piece is put
 * together in a buffer of its own, each octet of it copied about once.
 */
export class InputWindow {
  /** The octets; those of the current frame are from `at` to `end`. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the current frame begins. */
  at = 0;
  /** Where the octets that are here end. */
  end = 0;
  /** Whether `bytes` is our own buffer, with room behind `end`. */
  #own = false;
  readonly #pieces: Uint8Array[] = [];
  /** The first of `#pieces` that is not used up, and how much of it is used. */
  #piece = 0;
  #used = 0;

  /** Adds a piece. It must not change from now on. */
  push(piece: Uint8Array): void {
    if (piece.length > 0) this.#pieces.push(piece);
  }

  /**
   * Moves on to the frame that begins at `position`. Octets that were copied
   * into our own buffer too far are taken from their piece again.
   */
  advance(position: number): void {
    const surplus = this.end - position;
    this.at = position;
    if (!this.#own || surplus === 0) return;
    this.#used -= surplus;
    this.#enterPiece();
  }

  /**
   * Brings more octets of the current frame. `length` is how many the frame
   * has in all, where that is known. Positions may change, by the same amount
   * as `at` does. Returns whether there were any.
   */
  more(length: number | undefined): boolean {
    while (this.#used === this.#pieces[this.#piece]?.length) this.#dropPiece();
    const piece = this.#pieces[this.#piece];
    if (piece === undefined) return false;
    const have = this.end - this.at;
    if (have === 0) {
      this.#enterPiece();
      return true;
    }
    const wanted = length === undefined ? Math.max(STEP, have) : length - have;
    const count = Math.min(wanted, piece.length - this.#used);
    this.#reserve(have, count, length);
    this.bytes.set(
      piece.subarray(this.#used, this.#used + count),
      this.end,
    );
    this.#used += count;
    this.end += count;
    return true;
  }

  /** Makes the rest of the first piece the window. */
  #enterPiece(): void {
    const piece = this.#pieces[this.#piece]!;
    this.bytes = piece;
    this.at = this.#used;
    this.end = piece.length;
    this.#own = false;
    this.#dropPiece();
  }

  #dropPiece(): void {
    this.#used = 0;
    this.#piece++;
    if (this.#piece === this.#pieces.length) {
      this.#pieces.length = 0;
      this.#piece = 0;
    }
  }

  /**
   * Makes room for `count` more octets. The room follows what has arrived, not
   * what the peer announced, and doubles at least, so that the copying stays
   * linear however small the pieces are.
   */
  #reserve(have: number, count: number, length: number | undefined): void {
    if (this.#own && this.bytes.length - this.end >= count) return;
    const arrived = have + count;
    const room = length === undefined
      ? Math.max(2 * arrived, STEP)
      : Math.min(length, 4 * arrived);
    const bytes = new Uint8Array(room);
    bytes.set(this.bytes.subarray(this.at, this.end));
    this.bytes = bytes;
    this.at = 0;
    this.end = have;
    this.#own = true;
  }
}

/** How far a frame of unknown length is followed into the next piece at once. */
const STEP = 1024;
