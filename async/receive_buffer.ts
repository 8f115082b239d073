/** Counts the octets of all messages that wait to be handed out. */
export class ReceiveBuffer {
  readonly #limit: number;
  #octets = 0;
  /** Called where there is room again. */
  onRoom: (() => void) | undefined;

  /** It is full above so many octets. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many wait. */
  get octets(): number {
    return this.#octets;
  }

  /** Whether no more should be read. */
  get isFull(): boolean {
    return this.#octets > this.#limit;
  }

  /** So many more wait. */
  add(octets: number): void {
    this.#octets += octets;
  }

  /** So many do no longer. */
  free(octets: number): void {
    this.#octets -= octets;
    if (this.onRoom !== undefined && !this.isFull) this.onRoom();
  }
}
