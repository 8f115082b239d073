/** How many messages wait for the slow consumer. */
export const OFFERED = 1_000_000;

/** How long it takes for each, in ms. */
export const PER_MESSAGE = 10;

/** How often its memory is looked at, in ms. */
export const SAMPLE_EVERY = 200;

/** How long that goes on, in seconds: it would take hours to take them all. */
export const SECONDS = 20;

/** Until then, in seconds, buffers fill up and code is compiled. */
export const SETTLED_AFTER = 5;

/**
 * What a garbage collector may be behind, in octets: the young generation of
 * V8 alone has so much. A queue without a bound would grow by the hundreds.
 */
export const TOLERANCE = 16 * 1024 * 1024;
