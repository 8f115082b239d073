import { run } from "../../cli/run.ts";
import { type Broker, serve } from "../../broker/mod.ts";
import { connect } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { fakeTerminal, outcome, stompest } from "./fake_terminal.ts";

const QUICK = ["--idle", "200ms"];

/** The messages of a queue, as a record each. */
async function dumped(url: string, queue: string) {
  const { output } = await stompest(["dump", queue, "-u", url, ...QUICK]);
  return output.split("\n").filter((line) => line !== "").map((line) =>
    JSON.parse(line)
  );
}

/** Waits until a queue has so many messages; the test's own time-out ends that. */
async function untilDepth(
  broker: Broker,
  queue: string,
  depth: number,
): Promise<void> {
  while (broker.queue(queue).depth !== depth) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("send sends what it is given: a word, a file, the input, its lines, and records, persistent and with headers", async () => {
  await using broker = await serve();
  const url = ["-u", broker.url];
  const octets = Uint8Array.of(0xff, 0, 1);
  const rows: readonly (readonly [string[], object, unknown[]])[] = [
    [["hello", "-H", "a:b:c"], {}, [{ body: "hello" }]],
    [["--file", "f"], { files: { f: octets } }, [{ bodyBase64: "/wAB" }]],
    [["-"], { input: "in\nput" }, [{ body: "in\nput" }]],
    [[], { input: "piped" }, [{ body: "piped" }]],
    [["--lines"], { input: "1\n2\n3\n" }, [{ body: "1" }, { body: "2" }, {
      body: "3",
    }]],
    [["x", "--count", "2"], {}, [{ body: "x" }, { body: "x" }]],
    [["--ndjson"], {
      input:
        '{"body":"r","headers":{"a":"b","message-id":"7"}}\n\n{"bodyBase64":"/w=="}\n',
    }, [{ body: "r" }, { bodyBase64: "/w==" }]],
  ];
  for (const [words, options, expected] of rows) {
    const { code, notes } = await stompest(
      ["send", "/queue/a", ...words, ...url],
      options,
    );
    assertEquals(code, 0, notes);
    assertStringIncludes(notes, "sent and confirmed.");
    const records = await dumped(broker.url, "/queue/a");
    assertEquals(
      records.map(({ body, bodyBase64 }) =>
        body === undefined ? { bodyBase64 } : { body }
      ),
      expected,
    );
    for (const { headers } of records) assertEquals(headers.persistent, "true");
  }
});

test("records that are none end a send with the number of the line; what was before is sent, and said", async () => {
  await using broker = await serve();
  const { code, notes } = await stompest(
    ["send", "/queue/a", "--ndjson", "-u", broker.url],
    { input: '{"body":"1"}\n{"body":"2"}\n{"body":3}\n{"body":"4"}\n' },
  );
  assertEquals(code, 2);
  assertStringIncludes(notes, "2 messages sent and confirmed.");
  assertStringIncludes(notes, "Line 3 has a body that is no text");
  assertEquals((await dumped(broker.url, "/queue/a")).length, 2);
});

test("listen acknowledges what it prints, and nothing with --peek", async () => {
  await using broker = await serve();
  const url = ["-u", broker.url];
  await stompest(["send", "/queue/a", "x", "--count", "3", ...url]);
  const looked = await stompest([
    "listen",
    "/queue/a",
    "--peek",
    ...QUICK,
    "--body",
    ...url,
  ]);
  assertEquals(looked.output, "x\nx\nx\n");
  assertStringIncludes(looked.notes, "none acknowledged");
  await untilDepth(broker, "/queue/a", 3);
  const { output, code } = await stompest([
    "listen",
    "/queue/a",
    "-n",
    "2",
    "--json",
    ...url,
  ]);
  assertEquals(code, 0);
  assertEquals(output.trim().split("\n").map((line) => JSON.parse(line).body), [
    "x",
    "x",
  ]);
  await untilDepth(broker, "/queue/a", 1);
});

test("a reader that has enough ends listen quietly, and what it has not read stays", async () => {
  await using broker = await serve();
  const url = ["-u", broker.url];
  await stompest(["send", "/queue/a", "x", "--count", "5", ...url]);
  const { code, notes } = await stompest(
    ["listen", "/queue/a", "--body", ...url],
    { readsOnly: 0 },
  );
  assertEquals({ code, notes }, { code: 0, notes: "" });
  await untilDepth(broker, "/queue/a", 5);
});

test("request asks a service that reply makes, with a command or as an echo", async () => {
  await using broker = await serve();
  const url = ["-u", broker.url];
  for (
    const [words, answer] of [[[], "ask"], [
      ["--exec", "upper"],
      "ASK",
    ]] as const
  ) {
    const terminal = fakeTerminal();
    const service = run(
      ["reply", "/queue/service", ...words, ...url],
      terminal,
    );
    const { output, code, notes } = await stompest([
      "request",
      "/queue/service",
      "ask",
      ...url,
    ]);
    assertEquals({ output, code }, { output: `${answer}\n`, code: 0 }, notes);
    terminal.interrupt();
    assertEquals(await service, 0);
    assertStringIncludes(outcome(0, terminal).notes, "1 request answered.");
  }
});

test("move moves what matches, acknowledges it once its copy is confirmed, and leaves the rest", async () => {
  await using broker = await serve();
  const url = ["-u", broker.url];
  for (const kind of ["a", "b"]) {
    await stompest([
      "send",
      "/queue/from",
      kind,
      "--count",
      "3",
      "-H",
      `kind:${kind}`,
      "-H",
      "keep:this",
      ...url,
    ]);
  }
  const dry = await stompest([
    "move",
    "/queue/from",
    "/queue/to",
    "--match",
    "kind=a",
    "--dry-run",
    ...QUICK,
    ...url,
  ]);
  assertStringIncludes(dry.notes, "3 messages would be moved, 3 left.");
  await untilDepth(broker, "/queue/from", 6);
  const { code, notes } = await stompest([
    "move",
    "/queue/from",
    "/queue/to",
    "--match",
    "kind=a",
    ...QUICK,
    ...url,
  ]);
  assertEquals(code, 0, notes);
  assertStringIncludes(notes, "3 messages moved, 3 left.");
  const moved = await dumped(broker.url, "/queue/to");
  assertEquals(moved.map(({ body, headers }) => [body, headers.keep]), [
    ["a", "this"],
    ["a", "this"],
    ["a", "this"],
  ]);
  await untilDepth(broker, "/queue/from", 3);
});

test("move --original sends each dead letter back to where it came from", async () => {
  await using broker = await serve();
  const url = ["-u", broker.url];
  await using client = await connect(broker.url);
  await client.send("/queue/orders", "poison", { receipt: true });
  const subscription = client.subscribe("/queue/orders");
  const message = await subscription.receive({ timeout: 5000 });
  await message!.nack();
  await subscription.unsubscribe();
  await client.send("/queue/dead-letters", "lost", {
    receipt: true,
    headers: { "original-destination": "/queue/orders" },
  });
  const { notes, code } = await stompest([
    "move",
    "/queue/dead-letters",
    "--original",
    ...QUICK,
    ...url,
  ]);
  assertEquals(code, 0, notes);
  await untilDepth(broker, "/queue/dead-letters", 0);
  assert(broker.queue("/queue/orders").depth >= 1);
});

test("what a dump has taken out, load brings back, octets intact", async () => {
  await using broker = await serve();
  const url = ["-u", broker.url];
  await stompest(["send", "/queue/a", "--file", "f", "-H", "x:y", ...url], {
    files: { f: Uint8Array.of(0, 0xff) },
  });
  const kept = await stompest(["dump", "/queue/a", "--keep", ...QUICK, ...url]);
  await untilDepth(broker, "/queue/a", 1);
  assertStringIncludes(kept.notes, "left in the queue");
  const { terminal } = await stompest([
    "dump",
    "/queue/a",
    "-o",
    "out",
    ...QUICK,
    ...url,
  ]);
  await untilDepth(broker, "/queue/a", 0);
  const files = Object.fromEntries(terminal.files);
  const { code, notes } = await stompest(["load", "out", ...url], { files });
  assertEquals(code, 0, notes);
  const [record] = await dumped(broker.url, "/queue/a");
  assertEquals([record.bodyBase64, record.headers.x], ["AP8=", "y"]);
});

test("purge empties a queue when it is told yes, and not otherwise", async () => {
  await using broker = await serve();
  const url = ["-u", broker.url];
  await stompest(["send", "/queue/a", "x", "--count", "3", ...url]);
  for (
    const [words, options, code, left] of [
      [[], {}, 2, 3],
      [[], { answer: "no" }, 2, 3],
      [[], { answer: "yes" }, 0, 0],
      [["--yes"], {}, 0, 0],
    ] as const
  ) {
    const purged = await stompest([
      "purge",
      "/queue/a",
      ...words,
      ...QUICK,
      ...url,
    ], options);
    assertEquals(purged.code, code, purged.notes);
    await untilDepth(broker, "/queue/a", left);
  }
});

test("ping says who answers, as JSON too", async () => {
  await using broker = await serve();
  const { output, code } = await stompest(["ping", "--json", "-u", broker.url]);
  assertEquals(code, 0);
  const { version, heartBeat } = JSON.parse(output);
  assertEquals({ version, heartBeat }, {
    version: "1.2",
    heartBeat: [10_000, 10_000],
  });
});

test("doctor finds nothing wrong with a broker that is well, and names the step where one is not", async () => {
  await using broker = await serve({ credentials: { a: "secret" } });
  const good = await stompest([
    "doctor",
    "-u",
    broker.url,
    "--login",
    "a",
    "--heart-beat",
    "500ms",
  ], { env: { STOMP_PASSCODE: "secret" } });
  assertEquals(good.code, 0, good.output + good.notes);
  assertStringIncludes(good.output, "Nothing is wrong.");
  const refused = await stompest(["doctor", "-u", broker.url, "--login", "a"], {
    env: { STOMP_PASSCODE: "wrong-one" },
  });
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.output, "BAD  login");
  assert(
    !(refused.output + refused.notes).includes("wrong-one"),
    "it shows the passcode",
  );
});

test("bench reports rates and latencies of what it has sent", async () => {
  await using broker = await serve();
  const { output, code, notes } = await stompest([
    "bench",
    "/queue/a",
    "--count",
    "100",
    "--producers",
    "2",
    "--consumers",
    "2",
    "--json",
    "-u",
    broker.url,
  ]);
  assertEquals(code, 0, notes);
  const { count, p50Ms, p99Ms } = JSON.parse(output);
  assertEquals(count, 100);
  assert(p50Ms <= p99Ms, output);
});

test("watch shows what happens until it is interrupted", async () => {
  const broker = await serve();
  const terminal = fakeTerminal();
  const watching = run(["watch", "--json", "-u", broker.url], terminal);
  while (broker.connections === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await broker.close();
  while (!terminal.written.join("").includes("disconnected")) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  terminal.interrupt();
  await watching;
});

test("broker serves until it is interrupted", async () => {
  const terminal = fakeTerminal();
  const serving = run(
    ["broker", "--port", "0", "--user", "a:b", "--json"],
    terminal,
  );
  while (terminal.written.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { url } = JSON.parse(terminal.written.join(""));
  const { code } = await stompest(["ping", "-u", url, "--login", "a"], {
    env: { STOMP_PASSCODE: "b" },
  });
  assertEquals(code, 0);
  terminal.interrupt();
  assertEquals(await serving, 0);
});

test("decode shows frames, hides passcodes, and names the octet that is wrong", async () => {
  const capture =
    "CONNECT\npasscode:hidden\n\n\0\nCONNECTED\nversion:1.2\n\n\0MESSAGE\na:b\\t\n\n\0";
  const { code, output, notes } = await stompest(["decode", "f"], {
    files: { f: capture },
  });
  assertEquals(code, 1);
  assert(!output.includes("hidden"), output);
  assertStringIncludes(
    notes,
    `2 frames, then octet ${capture.indexOf("\\t") + 1}:`,
  );
  const lenient = await stompest(["decode", "-", "--lenient"], {
    input: capture,
  });
  assertEquals(lenient.code, 0);
  assertStringIncludes(lenient.output, "(mended:");
});
