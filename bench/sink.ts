/**
 * The other end of the clients that are measured: it reads whatever comes,
 * answers CONNECT and every frame that asks for a receipt, and nothing else. To
 * a SUBSCRIBE with a `count` header it sends that many messages as fast as TCP
 * takes them, whatever credit the client gave.
 *
 * It must cost less than any client, so it parses nothing: it looks for the two
 * headers in the octets. That works because no body here has a line like them.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { messageBlock } from "./samples.ts";
import { BODY_SIZE, SOURCE_BLOCK } from "./client.ts";

const CONNECTED = "CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0";
const RECEIPT = Buffer.from("\nreceipt:");
const COUNT = Buffer.from("\ncount:");
const LF = 0x0a;

/** Longer than any line here. */
const LINE = 128;

const block = messageBlock(SOURCE_BLOCK, BODY_SIZE);

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  let tail: Buffer = Buffer.alloc(0);
  let isConnected = false;
  let isSource = false;
  socket.on("data", (chunk: Buffer) => {
    if (!isConnected) {
      isConnected = true;
      socket.write(CONNECTED);
    }
    const octets = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
    let answer = "";
    let seen = 0;
    for (let at = octets.indexOf(RECEIPT); at >= 0;) {
      const end = octets.indexOf(LF, at + RECEIPT.length);
      if (end < 0) break;
      const id = octets.toString("latin1", at + RECEIPT.length, end);
      answer += `RECEIPT\nreceipt-id:${id}\n\n\0`;
      seen = end;
      at = octets.indexOf(RECEIPT, end);
    }
    if (answer !== "") socket.write(answer, "latin1");
    if (!isSource) {
      const at = octets.indexOf(COUNT);
      const end = octets.indexOf(LF, at + COUNT.length);
      if (at >= 0 && end >= 0) {
        isSource = true;
        const count = Number(octets.toString("latin1", at + COUNT.length, end));
        flood(socket, count / SOURCE_BLOCK);
      }
    }
    tail = octets.subarray(Math.max(seen, octets.length - LINE));
  });
}

function flood(socket: Socket, blocks: number): void {
  let left = blocks;
  const write = () => {
    while (left > 0) {
      left--;
      if (!socket.write(block)) return;
    }
  };
  socket.on("drain", write);
  write();
}

const server = createServer(serve);
server.listen(0, "127.0.0.1", () => {
  console.log((server.address() as AddressInfo).port);
});
