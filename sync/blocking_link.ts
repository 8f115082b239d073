import { ConnectionError, TimeoutError, type UsageError } from "../errors.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import { type Address, showAddress } from "../transport/transport.ts";
import type { TlsOptions } from "../transport/tls.ts";
import type { CallTime, Resumable } from "./call_time.ts";
import { type ChannelSize, SharedChannel } from "./shared_channel.ts";
import { exitFlush } from "./exit_flush.ts";
import { pause } from "./pause.ts";
import { type PumpWorker, startWorker } from "./worker.ts";
import { LOOK_AROUND, WorkerWatch } from "./worker_watch.ts";

/**
 * How long the worker may take to come up, in ms. Deno needs a whole second
 * where a worker starts another one, or an inspector is there, as in its REPL.
 */
const START_TIMEOUT = 4000;

/** How long acknowledgements may wait for each other, in ms. */
const PATIENCE = 0.1;

/** For how long an answer is looked for, in ms, before we wait to be woken. */
const LOOKING = 0.2;

/** How a link is made. */
export interface BlockingLinkOptions extends ChannelSize {
  /** Secures it. Where this is given, nothing ever leaves in clear text. */
  readonly tls?: TlsOptions | undefined;
}

/** How octets are written. */
export interface WriteOptions {
  /** What they are, for messages. */
  readonly operation: string;
  /** For how long to wait for room, in ms. */
  readonly timeout: number;
  /** Whether they must leave at once. @default {true} */
  readonly isUrgent?: boolean;
  /** Octets have come while we wait, and must be read. */
  onOctets(): void;
}

/**
 * A connection whose reads and writes block the calling thread. Behind it a
 * worker moves the octets.
 */
export class BlockingLink {
  /** The other side as `host:port`, for messages. */
  readonly peer: string;
  readonly #channel: SharedChannel;
  readonly #worker: PumpWorker;
  readonly #watch: WorkerWatch;
  #isClosed = false;

  private constructor(
    peer: string,
    channel: SharedChannel,
    worker: PumpWorker,
  ) {
    this.peer = peer;
    this.#channel = channel;
    this.#worker = worker;
    this.#watch = new WorkerWatch(channel, peer);
  }

  /**
   * Connects, in as many calls as it takes.
   *
   * @throws {ConnectionError} if the worker cannot be started or nothing
   * answers there, {TimeoutError} if that takes too long.
   */
  static *dial(
    address: Address,
    timeout: number,
    time: CallTime,
    { tls, ...size }: BlockingLinkOptions = {},
  ): Resumable<BlockingLink> {
    const channel = SharedChannel.create(size);
    const peer = showAddress(address);
    const { hostname, port } = address;
    const { memory } = channel;
    const worker = startWorker({ memory, address: { hostname, port }, tls });
    const link = new BlockingLink(peer, channel, worker);
    let isOpen = false;
    try {
      yield* link.#connect(timeout, time);
      isOpen = true;
    } finally {
      if (!isOpen) link.close();
    }
    exitFlush.add(link);
    return link;
  }

  /** Whether octets wait to be read. */
  get hasOctets(): boolean {
    return this.#channel.inbound.length > 0;
  }

  /** Whether the other side has ended; what came before can still be read. */
  get hasEnded(): boolean {
    return this.#channel.state !== "open";
  }

  /** Whether the other side has ended as it should. */
  get isAtEnd(): boolean {
    return this.#channel.state === "ended";
  }

  /** Why {@linkcode hasEnded}. */
  get failure(): ConnectionError | UsageError {
    return this.#channel.state === "failed"
      ? this.#channel.failure()
      : new ConnectionError(
        `The broker at ${this.peer} closed the connection.`,
      );
  }

  /** What has come; nothing, if nothing has. */
  read(): Uint8Array {
    const { inbound } = this.#channel;
    const octets = inbound.peek();
    if (octets.length > 0) {
      inbound.drop(octets.length);
      if (this.#channel.workerWantsRoom) this.#channel.tellWorker();
    }
    return octets;
  }

  /**
   * Waits until there is something to read or the other side has ended.
   * Returns whether that is so before the deadline, a `performance.now()`.
   */
  waitForOctets(deadline: number): boolean {
    if (this.#isReadable()) return true;
    // More messages are likely to be on their way: take them, and acknowledge
    // them, together rather than one by one.
    const left = Math.min(PATIENCE, deadline - performance.now());
    if (this.#channel.outbound.length > 0 && left > 0) {
      pause(left);
      if (this.#isReadable()) return true;
    }
    this.#hurry();
    return this.#waitUntil(this.#isReadable, deadline);
  }

  /**
   * The same for an answer, which is likely to come soon: to look for it costs
   * less than to be woken.
   */
  waitForAnswer(deadline: number): boolean {
    this.#hurry();
    const isLate = Math.min(performance.now() + LOOKING, deadline);
    while (performance.now() < isLate) if (this.#isReadable()) return true;
    return this.#waitUntil(this.#isReadable, deadline);
  }

  readonly #isReadable = (): boolean => this.hasOctets || this.hasEnded;

  /**
   * Hands over octets that belong together, all or none if they fit the ring.
   * Waits for room until the deadline. Unless they are urgent, they may wait two
   * milliseconds for others, or until {@linkcode waitForOctets} is called.
   *
   * @throws {ConnectionError} if the connection was lost, {TimeoutError} if
   * there was no room for all of them; {@linkcode isTorn} tells whether some
   * have left. Whatever `onOctets` throws.
   */
  write(octets: Uint8Array, options: WriteOptions): void {
    const { outbound } = this.#channel;
    this.#watch.look(performance.now());
    if (octets.length <= outbound.room) {
      if (this.hasEnded) throw this.failure;
      outbound.put(octets);
      if (options.isUrgent ?? true) this.#hurry();
      else if (!this.#channel.isGathering) this.#channel.tellWorker();
      return;
    }
    const deadline = performance.now() + options.timeout;
    if (octets.length <= outbound.capacity) {
      this.#waitForRoom(octets.length, deadline, options);
      outbound.put(octets);
    } else {
      // As long as nothing of it is in the ring, it can still be given up.
      this.#waitForRoom(outbound.capacity, deadline, options);
      this.#channel.isMidFrame = true;
      for (let at = 0; at < octets.length;) {
        this.#waitForRoom(1, deadline, options);
        at += outbound.put(octets, at);
        this.#hurry();
      }
      this.#channel.isMidFrame = false;
    }
    this.#hurry();
  }

  /** Whether a write has broken off in the middle. */
  get isTorn(): boolean {
    return this.#channel.isMidFrame;
  }

  /** Has the worker send heart-beats, and look for the broker's. */
  setHeartBeat(heartBeat: HeartBeat, question: Uint8Array): void {
    this.#channel.setHeartBeat(heartBeat, question);
  }

  /** Waits until everything is written, or cannot be, or until the deadline. */
  flush(deadline: number): void {
    const { outbound } = this.#channel;
    this.#channel.callerWantsRoom = true;
    this.#hurry();
    this.#waitUntil(() => outbound.length === 0 || this.hasEnded, deadline);
    this.#channel.callerWantsRoom = false;
  }

  /** Lets go of the connection and the worker at once. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    exitFlush.delete(this);
    this.#worker.terminate();
  }

  *#connect(timeout: number, time: CallTime): Resumable<void> {
    const channel = this.#channel;
    const begun = time.now();
    const isUp = () => channel.state !== "starting";
    if (!(yield* this.#become(isUp, begun + START_TIMEOUT, time))) {
      throw new ConnectionError(
        "Cannot start the worker that a blocking client needs: it did not come " +
          `up within ${START_TIMEOUT} ms.`,
      );
    }
    const isDone = () => channel.state !== "dialing";
    if (!(yield* this.#become(isDone, begun + timeout, time))) {
      throw new TimeoutError(`A connection to ${this.peer}`, timeout);
    }
    if (channel.state === "failed") throw channel.failure();
  }

  /** Waits until something holds, and says whether it does in time. */
  *#become(
    holds: () => boolean,
    deadline: number,
    time: CallTime,
  ): Resumable<boolean> {
    while (!this.#waitUntil(holds, time.waitsUntil(deadline))) {
      if (time.isOver(deadline)) return false;
      yield;
    }
    return true;
  }

  #waitForRoom(
    count: number,
    deadline: number,
    { operation, timeout, onOctets }: WriteOptions,
  ): void {
    const channel = this.#channel;
    const hasRoom = () => channel.outbound.room >= count || this.hasEnded;
    channel.callerWantsRoom = true;
    try {
      this.#hurry();
      // A broker may take nothing more from us until we take something from it.
      while (!hasRoom()) {
        const hasNews = () => hasRoom() || this.hasOctets;
        if (!this.#waitUntil(hasNews, deadline)) break;
        if (this.hasOctets) onOctets();
        if (performance.now() >= deadline) break;
      }
    } finally {
      channel.callerWantsRoom = false;
    }
    if (this.hasEnded) throw this.failure;
    if (!hasRoom()) throw new TimeoutError(`Room for ${operation}`, timeout);
  }

  /** What is in the outbound ring leaves now. */
  #hurry(): void {
    if (this.#channel.outbound.length === 0) return;
    this.#channel.isUrgent = true;
    this.#channel.tellWorker();
  }

  /** Blocks until something holds, and says whether it does in time. */
  #waitUntil(holds: () => boolean, deadline: number): boolean {
    const channel = this.#channel;
    for (;;) {
      const seen = channel.newsForCaller;
      if (holds()) return true;
      const now = performance.now();
      this.#watch.look(now);
      const left = deadline - now;
      if (left <= 0) return false;
      channel.waitForNews(seen, Math.min(left, LOOK_AROUND));
    }
  }
}
