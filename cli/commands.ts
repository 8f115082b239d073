import type { Command } from "./command.ts";
import { bench } from "./commands/bench.ts";
import { broker } from "./commands/broker.ts";
import { completions } from "./commands/completions.ts";
import { decode } from "./commands/decode.ts";
import { doctor } from "./commands/doctor.ts";
import { dump } from "./commands/dump.ts";
import { listen } from "./commands/listen.ts";
import { load } from "./commands/load.ts";
import { move } from "./commands/move.ts";
import { ping } from "./commands/ping.ts";
import { purge } from "./commands/purge.ts";
import { reply } from "./commands/reply.ts";
import { request } from "./commands/request.ts";
import { send } from "./commands/send.ts";
import { watch } from "./commands/watch.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  send,
  listen,
  request,
  reply,
  move,
  dump,
  load,
  purge,
  ping,
  doctor,
  watch,
  bench,
  broker,
  decode,
  completions(() => COMMANDS),
];
