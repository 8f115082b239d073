import type { Socket } from "node:net";
import { createRequire } from "node:module";
import type { Readable, Transform, Writable } from "node:stream";

/** A frame that came: a stream of its body. */
export interface StompitFrame extends Readable {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Turns octets into frames, one after the other. */
export interface StompitFrames extends Transform {
  setVersion(version: string): boolean;
  read(): StompitFrame | null;
}

/** A frame that goes: its body is written to it. */
export interface StompitOutgoingFrame extends Omit<Writable, "end"> {
  end(body: string | Uint8Array, done?: () => void): this;
}

/** Turns frames into octets. */
export interface StompitOutgoingFrames {
  setVersion(version: string): boolean;
  frame(
    command: string,
    headers: Record<string, string | number>,
  ): StompitOutgoingFrame;
}

/** The client. */
export interface StompitClient {
  send(
    headers: Record<string, string>,
    options?: { onReceipt(): void },
  ): StompitOutgoingFrame;
  subscribe(
    headers: Record<string, string>,
    listener: (error: Error | null, message: StompitFrame) => void,
  ): unknown;
  ack(message: StompitFrame): void;
  destroy(): void;
  on(event: "error", listener: (error: Error) => void): void;
}

interface Stompit {
  readonly IncomingFrameStream: new () => StompitFrames;
  readonly OutgoingFrameStream: new (
    destination: Writable,
  ) => StompitOutgoingFrames;
  connect(
    options: {
      readonly host: string;
      readonly port: number;
      readonly connect?: (options: { host: string; port: number }) => Socket;
      readonly connectHeaders: Readonly<Record<string, string>>;
    },
    listener: (error: Error | null, client: StompitClient) => void,
  ): void;
}

/** The package `stompit`, which comes without types. */
export const stompit: Stompit = createRequire(import.meta.url)("stompit");
