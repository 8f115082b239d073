import type { Socket } from "node:net";
import { createRequire } from "node:module";

/** What the parser makes of a frame. */
export interface StompjsRawFrame {
  readonly command: string;
  readonly headers: [string, string][];
  readonly binaryBody: Uint8Array;
}

/** A frame with its headers by name. */
export interface StompjsFrame {
  readonly headers: Readonly<Record<string, string>>;
  readonly binaryBody: Uint8Array;
}

/** A message that a subscription gets. */
export interface StompjsMessage extends StompjsFrame {
  ack(): void;
}

/** What a frame is made of. */
export interface StompjsFrameInit {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly binaryBody?: Uint8Array;
  readonly escapeHeaderValues: boolean;
}

/** The client. */
export interface StompjsClient {
  activate(): void;
  deactivate(options: { force: boolean }): Promise<void>;
  publish(message: {
    readonly destination: string;
    readonly body: string;
    readonly headers?: Readonly<Record<string, string>>;
  }): void;
  watchForReceipt(id: string, callback: () => void): void;
  subscribe(
    destination: string,
    callback: (message: StompjsMessage) => void,
    headers: Readonly<Record<string, string>>,
  ): unknown;
}

interface Stompjs {
  readonly Parser: new (
    onFrame: (frame: StompjsRawFrame) => void,
    onPing: () => void,
  ) => { parseChunk(chunk: ArrayBuffer): void };
  readonly FrameImpl: {
    fromRawFrame(frame: StompjsRawFrame, unescape: boolean): StompjsFrame;
    marshall(frame: StompjsFrameInit): string | ArrayBuffer;
  };
  readonly Client: new (options: {
    readonly webSocketFactory: () => StompjsSocket;
    readonly onConnect: () => void;
    readonly connectHeaders: Readonly<Record<string, string>>;
    readonly heartbeatIncoming: number;
    readonly heartbeatOutgoing: number;
    readonly reconnectDelay: number;
  }) => StompjsClient;
}

/** TCP in the shape of a WebSocket. */
export interface StompjsSocket {
  /** Not meant for users, but the only way to learn that it is behind. */
  readonly socket: Socket;
}

interface TcpWrapper {
  readonly TCPWrapper: new (hostname: string, port: number) => StompjsSocket;
}

const require = createRequire(import.meta.url);

/** The package `@stomp/stompjs`. */
export const stompjs: Stompjs = require("@stomp/stompjs");

/** The package `@stomp/tcp-wrapper`, its way to speak TCP. */
export const tcpWrapper: TcpWrapper = require("@stomp/tcp-wrapper");
