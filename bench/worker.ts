/**
 * Runs one subject of one group in a process of its own: `worker.ts GROUP
 * SUBJECT`. Each line of the standard input asks for one run of a case, and is
 * answered with a line.
 *
 * @module
 */

import { argv, exit, stdin, stdout } from "node:process";
import { createInterface } from "node:readline";
import type { Run, Subject } from "./timing.ts";

/** One line of the input. */
export interface Order {
  readonly caseName: string;
  readonly count: number;
}

interface Subjects {
  readonly subjects: Readonly<Record<string, Subject>>;
}

const GROUPS: Readonly<Record<string, () => Promise<Subjects>>> = {
  decode: () => import("./decode_subjects.ts"),
  encode: () => import("./encode_subjects.ts"),
  client: () => import("./client_subjects.ts"),
};

const [, , groupName = "", subjectName = ""] = argv;
const { subjects } = await GROUPS[groupName]!();
const subject = subjects[subjectName]!;
let prepared: { caseName: string; run: Run } | undefined;

for await (const line of createInterface({ input: stdin })) {
  const { caseName, count }: Order = JSON.parse(line);
  if (prepared?.caseName !== caseName) {
    prepared = { caseName, run: subject(caseName) };
  }
  stdout.write(`${JSON.stringify(await prepared.run(count))}\n`);
}
exit(0);
