import { serve } from "../../broker/mod.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { type FakeTerminalOptions, stompest } from "./fake_terminal.ts";

const ROWS: readonly (readonly [
  words: string,
  says: string,
  options?: FakeTerminalOptions,
])[] = [
  ["snd /queue/a", "did you mean send?"],
  ["zzzzzzzzzz", "There is no command"],
  ["send", 'It is "stompest send DEST [BODY | -]"'],
  ["send /queue/a b c", 'It is "stompest send DEST [BODY | -]"'],
  ["send /queue/a b --bogus", "--bogus"],
  ["send /queue/a b -H nocolon", "A header is written name:value"],
  ["send /queue/a b --count 0", "--count takes a whole number of at least 1"],
  ["send /queue/a b --rate -1", "--rate"],
  ["send /queue/a b --lines", "Choose one of"],
  ["send /queue/a --file missing", 'Cannot open "missing" for --file'],
  ["send /queue/a", "What is to be sent?", { answer: "" }],
  ["listen", "Which destination?"],
  ["listen /queue/a --idle soon", "--idle takes a time such as"],
  ["listen /queue/a --peek --ack auto", "--peek acknowledges nothing"],
  ["move /queue/a /queue/a", "FROM and TO are both"],
  ["move /queue/a /queue/b --match nothing", "--match is written NAME=VALUE"],
  ["load missing", 'Cannot open "missing" for load'],
  ["ping --passcode-file missing", 'Cannot open "missing" for --passcode-file'],
  ["ping --cert c", "--cert and --key go together"],
  ["ping --dialect klingon", "klingon"],
  ["ping -u http://127.0.0.1", "http"],
  ["broker --user nocolon", "--user is written LOGIN:PASSCODE"],
  ["bench /queue/a --producers 5 --count 2", "cannot share"],
  ["completions tcsh", "bash, zsh and fish"],
  ["decode --version 2.0", "--version takes 1.0, 1.1 or 1.2"],
];

for (const [words, says, options] of ROWS) {
  test(`"stompest ${words}" is a usage error that says what is wrong`, async () => {
    const { code, notes, output } = await stompest(words.split(" "), options);
    assertEquals(code, 2, notes);
    assertStringIncludes(notes, says);
    assertEquals(output, "");
    assert(!/\bat \S+:\d+/.test(notes), `there is a stack: ${notes}`);
  });
}

test("a broker that is not there is exit code 1, one that says nothing is 3, and each is a sentence", async () => {
  const broker = await serve();
  await broker.close();
  const gone = await stompest(["ping", "-u", broker.url]);
  assertEquals(gone.code, 1);
  assertStringIncludes(gone.notes, "stompest: ");
  await using silent = await serve();
  const late = await stompest([
    "request",
    "/queue/nobody",
    "?",
    "--timeout",
    "50ms",
    "-u",
    silent.url,
  ]);
  assertEquals(late.code, 3, late.notes);
});

test("each command has help with an example, and completions know all of them", async () => {
  const { output } = await stompest(["help"]);
  const names = [...output.matchAll(/^ {2}([a-z]+) {2}/gm)].map(([, name]) =>
    name!
  );
  assert(names.length >= 14, output);
  for (const name of names) {
    const help = await stompest([name, "--help"]);
    assertEquals(help.code, 0);
    assertStringIncludes(help.output, "Examples:\n  ");
    for (const shell of ["bash", "zsh", "fish"]) {
      assertStringIncludes(
        (await stompest(["completions", shell])).output,
        name,
      );
    }
  }
});
