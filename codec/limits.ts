import { quoted, UsageError } from "../errors.ts";

/**
 * How much of a peer's frame is taken before it is refused. Nothing is ever
 * allocated because a peer announced it: memory follows what has arrived.
 */
export interface FrameLimits {
  /**
   * Octets of the head: the command line, the header lines and the blank line.
   * ActiveMQ refuses a single line over 10 KiB, so this is generous.
   *
   * @default {65536}
   */
  maxHeaderBytes: number;
  /**
   * Header lines of one frame, repeated ones included. As ActiveMQ has it.
   *
   * @default {1000}
   */
  maxHeaderCount: number;
  /**
   * Octets of the body. ActiveMQ's own limit is 100 MB; RabbitMQ 3.12 and later
   * stop at 4 MiB a frame.
   *
   * @default {104857600}
   */
  maxBodyBytes: number;
}

/** The limits that hold where the caller names none. */
export const DEFAULT_LIMITS: Readonly<FrameLimits> = {
  maxHeaderBytes: 64 * 1024,
  maxHeaderCount: 1000,
  maxBodyBytes: 100 * 1024 * 1024,
};

/** Completes the limits that a caller gave, or refuses them. */
export function resolveLimits(limits: Partial<FrameLimits> = {}): FrameLimits {
  const resolved = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(limits)) {
    if (!(name in DEFAULT_LIMITS)) {
      throw new UsageError(
        `There is no limit called ${quoted(name)}: choose among ${
          Object.keys(DEFAULT_LIMITS).join(", ")
        }.`,
      );
    }
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new UsageError(
        `The limit ${name} must be a whole number of at least 0, ` +
          `not ${quoted(value)}.`,
      );
    }
    resolved[name as keyof FrameLimits] = value;
  }
  return resolved;
}
