/** What was done to octets while something ran. */
export interface Work {
  /** Octets that were looked at one by one, in arrays that were made meanwhile. */
  readonly read: number;
  /** Octets that `indexOf` went through. */
  readonly searched: number;
  /** Octets that `set` copied. */
  readonly copied: number;
  /** The size of the largest array that was made. */
  readonly largest: number;
}

/**
 * Counts what a piece of code does with octets, so that a test of its cost
 * needs no clock. Works for synchronous code only: meanwhile `Uint8Array` is
 * not the real one.
 */
export function countWork(body: () => void): Work {
  const work = { read: 0, searched: 0, copied: 0, largest: 0 };
  const Real = globalThis.Uint8Array;
  const prototype = Object.getPrototypeOf(Real.prototype);
  const { set, indexOf } = prototype;
  prototype.set = function (source: ArrayLike<number>, at?: number) {
    work.copied += source.length;
    return set.call(this, source, at);
  };
  prototype.indexOf = function (octet: number, from = 0) {
    const found = indexOf.call(this, octet, from);
    work.searched += (found < 0 ? this.length : found) - from;
    return found;
  };
  globalThis.Uint8Array = new Proxy(Real, {
    construct(target, args) {
      const array = Reflect.construct(target, args);
      work.largest = Math.max(work.largest, array.length);
      return counting(array, () => work.read++);
    },
  });
  try {
    body();
  } finally {
    globalThis.Uint8Array = Real;
    Object.assign(prototype, { set, indexOf });
  }
  return work;
}

/** The same array, except that it tells when one of its octets is looked at. */
function counting(array: Uint8Array, onRead: () => void): Uint8Array {
  return new Proxy(array, {
    get(target, key) {
      if (typeof key === "string" && /^\d/.test(key)) onRead();
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
