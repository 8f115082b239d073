/** A queue whose both ends cost the same at any length. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #first = 0;

  /** How many items wait. */
  get length(): number {
    return this.#items.length - this.#first;
  }

  /** Adds an item at the end. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** The item at the front, which stays there. */
  peek(): T | undefined {
    return this.#items[this.#first];
  }

  /** Takes the item at the front. */
  shift(): T | undefined {
    const item = this.#items[this.#first];
    if (this.#first === this.#items.length) return undefined;
    this.#items[this.#first++] = undefined;
    // What is used up is dropped once it is the larger half: O(1) an item.
    if (this.#first * 2 >= this.#items.length && this.#first >= 32) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** Takes everything. */
  clear(): T[] {
    const items = this.#items.slice(this.#first) as T[];
    this.#items = [];
    this.#first = 0;
    return items;
  }
}
