import type { ConnectionError, UsageError } from "../errors.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import { errorOf, reportOf } from "./error_report.ts";
import { Ring } from "./ring.ts";

/** The shared memory of a channel, as it is handed to the worker. */
export interface ChannelMemory {
  readonly words: SharedArrayBuffer;
  readonly inbound: SharedArrayBuffer;
  readonly outbound: SharedArrayBuffer;
  readonly report: SharedArrayBuffer;
  readonly question: SharedArrayBuffer;
}

/** How large the rings are, and where their counters begin. */
export interface ChannelSize {
  /** Octets from the broker; a power of two. @default {1048576} */
  readonly inbound?: number | undefined;
  /** Octets to the broker; a power of two. @default {262144} */
  readonly outbound?: number | undefined;
  /** The first value of all counters. @default {0} */
  readonly start?: number | undefined;
}

/** Where the worker stands. It only ever goes on to a later one. */
export type PumpState = "starting" | "dialing" | "open" | "ended" | "failed";

const STATES: readonly PumpState[] = [
  "starting",
  "dialing",
  "open",
  "ended",
  "failed",
];

/** The words of the shared memory. */
const WORD = {
  state: 0,
  /** Go up by one whenever there is news for that side. */
  caller: 1,
  worker: 2,
  /** Goes up by one now and then, as long as the worker lives. */
  alive: 3,
  inWritten: 4,
  inRead: 5,
  outWritten: 6,
  outRead: 7,
  /** 1: that side waits until the other one has read. */
  callerWantsRoom: 8,
  workerWantsRoom: 9,
  /** 1: the outbound ring may be empty in the middle of a frame. */
  midFrame: 10,
  /** The negotiated heart-beat in ms, and whether it is known. */
  beatSend: 11,
  beatReceive: 12,
  beats: 13,
  reportLength: 14,
  /** 1: the worker waits for more octets before it writes. */
  gathering: 15,
  /** 1: what is in the outbound ring must not wait for more. */
  urgent: 16,
  questionLength: 17,
} as const;

const WORDS = 18;
const QUESTION_OCTETS = 512;
const REPORT_OCTETS = 4096;

/**
 * What the calling thread and the worker share: two rings of octets, and words
 * by which each tells the other how it stands.
 */
export class SharedChannel {
  /** Octets from the broker. */
  readonly inbound: Ring;
  /** Octets to the broker. */
  readonly outbound: Ring;
  /** What the other thread makes its own channel of. */
  readonly memory: ChannelMemory;
  readonly #words: Int32Array;

  /** Looks at memory that is shared already. */
  constructor(memory: ChannelMemory) {
    this.memory = memory;
    const words = this.#words = new Int32Array(memory.words);
    this.inbound = new Ring(new Uint8Array(memory.inbound), words, [
      WORD.inWritten,
      WORD.inRead,
    ]);
    this.outbound = new Ring(new Uint8Array(memory.outbound), words, [
      WORD.outWritten,
      WORD.outRead,
    ]);
  }

  /** A new one. */
  static create(size: ChannelSize = {}): SharedChannel {
    const { inbound = 1 << 20, outbound = 1 << 18, start = 0 } = size;
    const words = new SharedArrayBuffer(4 * WORDS);
    const { caller, worker, inWritten, inRead, outWritten, outRead } = WORD;
    for (const at of [caller, worker, inWritten, inRead, outWritten, outRead]) {
      new Int32Array(words)[at] = start;
    }
    return new SharedChannel({
      words,
      inbound: new SharedArrayBuffer(inbound),
      outbound: new SharedArrayBuffer(outbound),
      report: new SharedArrayBuffer(REPORT_OCTETS),
      question: new SharedArrayBuffer(QUESTION_OCTETS),
    });
  }

  /** Where the worker stands. */
  get state(): PumpState {
    return STATES[this.#get(WORD.state)]!;
  }

  set state(state: PumpState) {
    this.#set(WORD.state, STATES.indexOf(state));
    this.tellCaller();
  }

  /** Changes whenever there is news for the caller. */
  get newsForCaller(): number {
    return this.#get(WORD.caller);
  }

  /** Changes whenever there is news for the worker. */
  get newsForWorker(): number {
    return this.#get(WORD.worker);
  }

  /** Changes now and then, as long as the worker lives. */
  get signOfLife(): number {
    return this.#get(WORD.alive);
  }

  /** The caller sees that there is news. */
  tellCaller(): void {
    this.#tell(WORD.caller);
  }

  /** The worker sees that there is news. */
  tellWorker(): void {
    this.#tell(WORD.worker);
  }

  /** The worker lives. */
  showSignOfLife(): void {
    Atomics.add(this.#words, WORD.alive, 1);
  }

  /** Whether the caller waits for room in the outbound ring. */
  get callerWantsRoom(): boolean {
    return this.#get(WORD.callerWantsRoom) === 1;
  }

  set callerWantsRoom(wants: boolean) {
    this.#set(WORD.callerWantsRoom, Number(wants));
  }

  /** Whether the worker waits for room in the inbound ring. */
  get workerWantsRoom(): boolean {
    return this.#get(WORD.workerWantsRoom) === 1;
  }

  set workerWantsRoom(wants: boolean) {
    this.#set(WORD.workerWantsRoom, Number(wants));
  }

  /** Whether a frame is put into the outbound ring in parts. */
  get isMidFrame(): boolean {
    return this.#get(WORD.midFrame) === 1;
  }

  set isMidFrame(isMidFrame: boolean) {
    this.#set(WORD.midFrame, Number(isMidFrame));
  }

  /** Whether the worker waits for more octets before it writes. */
  get isGathering(): boolean {
    return this.#get(WORD.gathering) === 1;
  }

  set isGathering(isGathering: boolean) {
    this.#set(WORD.gathering, Number(isGathering));
  }

  /** Whether what is in the outbound ring must not wait for more. */
  get isUrgent(): boolean {
    return this.#get(WORD.urgent) === 1;
  }

  set isUrgent(isUrgent: boolean) {
    this.#set(WORD.urgent, Number(isUrgent));
  }

  /** The negotiated heart-beat; `[0, 0]` before it is known. */
  get heartBeat(): HeartBeat {
    return [this.#get(WORD.beatSend), this.#get(WORD.beatReceive)];
  }

  /** Whether {@linkcode heartBeat} is known. */
  get beats(): boolean {
    return this.#get(WORD.beats) === 1;
  }

  /** What has the broker answer, where it may skip heart-beats; else nothing. */
  get question(): Uint8Array {
    const length = this.#get(WORD.questionLength);
    return new Uint8Array(this.memory.question).slice(0, length);
  }

  /**
   * Tells the worker to send signs of life, and to look for the broker's: by
   * asking, where there is a question.
   */
  setHeartBeat([send, receive]: HeartBeat, question: Uint8Array): void {
    new Uint8Array(this.memory.question).set(question);
    this.#set(WORD.questionLength, question.length);
    this.#set(WORD.beatReceive, Math.min(receive, LONGEST));
    this.#set(WORD.beatSend, Math.min(send, LONGEST));
    this.#set(WORD.beats, 1);
    this.tellWorker();
  }

  /** Waits for news later than `seen`, and says whether there is any. */
  waitForNews(seen: number, milliseconds: number): boolean {
    return Atomics.wait(this.#words, WORD.caller, seen, milliseconds) !==
      "timed-out";
  }

  /** Resolves when there is news for the worker later than `seen`. */
  async newsLaterThan(seen: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, WORD.worker, seen);
    if (waiting.async) await waiting.value;
  }

  /** The worker has failed, and this is why. */
  fail(error: unknown): void {
    const text = new TextEncoder().encode(JSON.stringify(reportOf(error)));
    const octets = new Uint8Array(this.memory.report);
    octets.set(text.subarray(0, octets.length));
    this.#set(WORD.reportLength, text.length);
    this.state = "failed";
  }

  /** Why the worker has failed. */
  failure(): ConnectionError | UsageError {
    const length = this.#get(WORD.reportLength);
    const octets = new Uint8Array(this.memory.report).slice(0, length);
    return errorOf(JSON.parse(new TextDecoder().decode(octets)));
  }

  #get(word: number): number {
    return Atomics.load(this.#words, word);
  }

  #set(word: number, value: number): void {
    Atomics.store(this.#words, word, value);
  }

  #tell(word: number): void {
    Atomics.add(this.#words, word, 1);
    Atomics.notify(this.#words, word);
  }
}

/** The longest period that fits a word; nobody waits for three weeks. */
const LONGEST = 2 ** 31 - 1;
