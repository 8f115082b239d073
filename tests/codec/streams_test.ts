import {
  Frame,
  FrameDecoderStream,
  FrameEncoderStream,
  FrameError,
  UsageError,
} from "../../codec/mod.ts";
import {
  assertEquals,
  assertLessOrEqual,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { frameOf, octets, plain, show, wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";

const ACK = "ACK\nid:1\n\n\0";
const REASON = new Error("the reason");

/** The ends of a decoder stream. */
function decoderEnds() {
  const { readable, writable } = new FrameDecoderStream({ version: "1.2" });
  const writer = writable.getWriter();
  // Where a test is about the readable end, nobody looks at this one.
  writer.closed.catch(() => {});
  return { readable, writer };
}

test("frames go through FrameEncoderStream and FrameDecoderStream unchanged", async () => {
  for (const version of ["1.0", "1.1", "1.2"] as const) {
    const frames = [
      plain("SEND", { a: "\\é", "content-length": "3" }, "\0\xff\n"),
      plain("BEGIN", {}),
      plain("MESSAGE", { "content-length": "0" }),
    ];
    const through = ReadableStream.from(frames.map(frameOf))
      .pipeThrough(new FrameEncoderStream({ version }))
      .pipeThrough(new FrameDecoderStream({ version }));
    assertEquals((await Array.fromAsync(through)).map(show), frames, version);
  }
});

const ADOPTIONS = [
  ["1.0", "\\t\r"],
  ["1.1", "\\\\t\r"],
  ["1.2", "\\\\t\\r"],
  [undefined, "\\t\r"],
] as const;

for (const [version, written] of ADOPTIONS) {
  test(`both streams adopt CONNECTED with version ${version}`, async () => {
    const frames = [
      plain("CONNECTED", version === undefined ? {} : { version }),
      plain("MESSAGE", { a: "\\t\r" }),
      plain("CONNECTED", { version: version === "1.1" ? "1.2" : "1.1" }),
      plain("MESSAGE", { a: "\\t\r" }),
    ];
    const chunks = await Array.fromAsync(
      ReadableStream.from(frames.map(frameOf))
        .pipeThrough(new FrameEncoderStream()),
    );
    for (const chunk of [chunks[1], chunks[3]]) {
      assertStrictEquals(wire(chunk!), `MESSAGE\na:${written}\n\n\0`);
    }
    const again = ReadableStream.from(chunks)
      .pipeThrough(new FrameDecoderStream());
    assertEquals((await Array.fromAsync(again)).map(show), frames);
  });
}

test("FrameEncoderStream writes 1.2 before negotiation", async () => {
  const chunks = ReadableStream.from([new Frame("NACK", { id: "\r" })])
    .pipeThrough(new FrameEncoderStream());
  assertEquals((await Array.fromAsync(chunks)).map(wire), [
    "NACK\nid:\\r\n\n\0",
  ]);
});

test("FrameEncoderStream keeps a version that it was given", async () => {
  const frames = [
    new Frame("CONNECTED", { version: "1.2" }),
    new Frame("ACK", { id: ":" }),
  ];
  const chunks = ReadableStream.from(frames)
    .pipeThrough(new FrameEncoderStream({ version: "1.0" }));
  assertStrictEquals(
    (await Array.fromAsync(chunks)).map(wire)[1],
    "ACK\nid::\n\n\0",
  );
});

test("FrameDecoderStream yields value, value, error, and fails its source", async () => {
  const cancelled = Promise.withResolvers<unknown>();
  const source = new ReadableStream({
    start: (controller) => controller.enqueue(octets(`${ACK}${ACK}x${ACK}`)),
    cancel: cancelled.resolve,
  });
  const reader = source
    .pipeThrough(new FrameDecoderStream({ version: "1.2" })).getReader();
  assertStrictEquals((await reader.read()).value?.command, "ACK");
  assertStrictEquals((await reader.read()).value?.command, "ACK");
  const error = await assertRejects(() => reader.read(), FrameError);
  assertStrictEquals(await assertRejects(() => reader.read()), error);
  assertStrictEquals(await cancelled.promise, error);
});

test("FrameDecoderStream fails its writer with the FrameError", async () => {
  const { readable, writer } = decoderEnds();
  writer.write(octets("x")).catch(() => {});
  const error = await assertRejects(() => readable.getReader().read());
  assertStrictEquals(await assertRejects(() => writer.closed), error);
  assertStrictEquals(
    await assertRejects(() => writer.write(octets(ACK))),
    error,
  );
});

test("FrameDecoderStream fails when the octets end inside a frame", async () => {
  const frames: Frame[] = [];
  const stream = ReadableStream.from([octets(`${ACK}AC`)])
    .pipeThrough(new FrameDecoderStream({ version: "1.2" }));
  await assertRejects(
    async () => {
      for await (const frame of stream) frames.push(frame);
    },
    FrameError,
    "the stream ended inside a frame",
  );
  assertEquals(frames.length, 1);
});

test("FrameDecoderStream hands on why its source failed", async () => {
  const { readable, writer } = decoderEnds();
  const reader = readable.getReader();
  writer.write(octets(ACK)).catch(() => {});
  assertStrictEquals((await reader.read()).value?.command, "ACK");
  writer.abort(REASON).catch(() => {});
  assertStrictEquals(await assertRejects(() => reader.read()), REASON);
});

test("FrameDecoderStream takes octets only", async () => {
  const { readable, writer } = decoderEnds();
  writer.write("text" as never).catch(() => {});
  await assertRejects(() => readable.getReader().read(), UsageError);
});

for (
  const [when, octetsBefore, readsBefore] of [
    ["before anything came", "", 0],
    ["between two frames", `${ACK}${ACK}`, 1],
    ["behind the last frame that came", ACK, 1],
    ["inside a frame", "ACK\nid", 0],
  ] as const
) {
  test(`FrameDecoderStream can be cancelled ${when}`, async () => {
    const { readable, writer } = decoderEnds();
    const reader = readable.getReader();
    writer.write(octets(octetsBefore)).catch(() => {});
    for (let i = 0; i < readsBefore; i++) await reader.read();
    const pending = reader.read();
    await reader.cancel(REASON);
    if (readsBefore === 0) assertStrictEquals((await pending).done, true);
    assertStrictEquals(await assertRejects(() => writer.closed), REASON);
  });
}

test("a loop over FrameDecoderStream can be left while nothing comes", async () => {
  const { readable, writer } = decoderEnds();
  writer.write(octets(ACK)).catch(() => {});
  for await (const { command } of readable) {
    assertStrictEquals(command, "ACK");
    break;
  }
  await assertRejects(() => writer.closed);
});

test("FrameDecoderStream takes no more from its source than is read", async () => {
  let pulled = 0;
  const source = new ReadableStream({
    pull(controller) {
      pulled++;
      controller.enqueue(octets(ACK));
    },
  });
  const reader = source
    .pipeThrough(new FrameDecoderStream({ version: "1.2" })).getReader();
  for (let read = 1; read <= 100; read++) {
    await reader.read();
    assertLessOrEqual(pulled, read + 5);
  }
  await reader.cancel();
});

test("FrameEncoderStream fails both ends on a frame that cannot be written", async () => {
  const { readable, writable } = new FrameEncoderStream({ version: "1.2" });
  const writer = writable.getWriter();
  const reader = readable.getReader();
  writer.closed.catch(() => {});
  const read = assertRejects(() => reader.read(), UsageError, '"FOO"');
  const error = await assertRejects(
    () => writer.write(new Frame("FOO")),
    UsageError,
  );
  assertStrictEquals(await read, error);
});

test("FrameEncoderStream hands on a cancellation", async () => {
  const { readable, writable } = new FrameEncoderStream();
  const writer = writable.getWriter();
  await readable.cancel(REASON);
  assertStrictEquals(await assertRejects(() => writer.closed), REASON);
});

test("the decoder stream refuses the options that the decoder refuses", () => {
  assertThrows(
    () => new FrameDecoderStream({ version: "2.0" as never }),
    UsageError,
    '"2.0" is not a version of STOMP',
  );
});
