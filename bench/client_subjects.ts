import { argv } from "node:process";
import { BODY_SIZE, clientRun, type Connect } from "./client.ts";
import { connectStompest, connectStompit, connectStompjs } from "./clients.ts";
import { textBody } from "./samples.ts";
import type { Subject } from "./timing.ts";

/** The clients by name. The port of the sink is the last argument. */
export const subjects: Readonly<Record<string, Subject>> = {
  stompest: connecting(connectStompest),
  stompit: connecting(connectStompit),
  stompjs: connecting(connectStompjs),
};

function connecting(connect: Connect): Subject {
  const port = Number(argv.at(-1));
  return (caseName) => clientRun(connect, port, caseName, textBody(BODY_SIZE));
}
