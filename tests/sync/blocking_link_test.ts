import process from "node:process";
import { ConnectionError, TimeoutError } from "../../errors.ts";
import type { Address } from "../../transport/transport.ts";
import {
  BlockingLink,
  type BlockingLinkOptions,
} from "../../sync/blocking_link.ts";
import { CallTime, finish } from "../../sync/call_time.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { Thread } from "./support/thread.ts";

/** Connects in one call. */
function openLink(
  address: Address,
  timeout: number,
  options?: BlockingLinkOptions,
): BlockingLink {
  return finish(BlockingLink.dial(address, timeout, new CallTime(), options));
}

/** A link to somebody who sends everything back. */
async function withEcho(
  size: { inbound: number; outbound: number; start: number },
  body: (link: BlockingLink) => void,
): Promise<void> {
  await using peer = await Thread.peer("an echo");
  const { hostname, port } = new URL(peer.url);
  const link = openLink({ hostname, port: Number(port) }, 5000, size);
  try {
    body(link);
  } finally {
    link.close();
  }
}

/** Reads so many octets. */
function readAll(link: BlockingLink, count: number): Uint8Array {
  const octets = new Uint8Array(count);
  for (let at = 0; at < count;) {
    assert(link.waitForOctets(performance.now() + 5000), `${at} of ${count}`);
    const part = link.read();
    octets.set(part, at);
    at += part.length;
  }
  return octets;
}

for (const start of [0, -1000, 2 ** 31 - 1000]) {
  test(`BlockingLink carries octets through rings that are smaller, with counters from ${start} on`, async () => {
    await withEcho({ inbound: 64, outbound: 128, start }, (link) => {
      for (let round = 0; round < 40; round++) {
        const sent = Uint8Array.from(
          { length: 1 + round * 97 % 3000 },
          (_, i) => i * 7 + round,
        );
        const parts: Uint8Array[] = [];
        link.write(sent, {
          operation: "the octets",
          timeout: 5000,
          onOctets: () => parts.push(link.read()),
        });
        const read = parts.flatMap((part) => [...part]);
        const rest = readAll(link, sent.length - read.length);
        assertEquals([...read, ...rest], [...sent]);
      }
    });
  });
}

test("BlockingLink waits for octets no longer than it is told to", async () => {
  const size = { inbound: 1024, outbound: 1024, start: 0 };
  await withEcho(size, (link) => {
    const begun = performance.now();
    assertEquals(link.waitForOctets(begun + 50), false);
    const waited = performance.now() - begun;
    assert(waited >= 49 && waited < 500, `${waited} ms`);
    assertEquals(link.read().length, 0);
  });
});

test("BlockingLink says where nobody listens", () => {
  const error = assertThrows(
    () => openLink({ hostname: "127.0.0.1", port: 1 }, 5000),
    ConnectionError,
    "Cannot connect to 127.0.0.1:1: nothing listens there",
  );
  assert(error.cause instanceof Error);
});

/** Where the runtime has its workers. */
const place: { Worker: typeof Worker } = "Worker" in globalThis
  ? globalThis
  : process.getBuiltinModule("node:worker_threads") as never;

/** Puts something in the place of the runtime's workers. */
function withWorkers(replacement: unknown, body: () => void): void {
  const original = place.Worker;
  try {
    Object.assign(place, { Worker: replacement });
    body();
  } finally {
    place.Worker = original;
  }
}

const NOWHERE = { hostname: "127.0.0.1", port: 1 };

test("BlockingLink tells at once that this runtime has no workers", () => {
  withWorkers(undefined, () => {
    assertThrows(
      () => openLink(NOWHERE, 5000),
      ConnectionError,
      "Cannot start the worker that a blocking client needs",
    );
  });
});

test("BlockingLink tells at once that it may have no worker", () => {
  class Forbidden {
    constructor() {
      throw new Error("not permitted");
    }
  }
  withWorkers(Forbidden, () => {
    assertThrows(
      () => openLink(NOWHERE, 5000),
      ConnectionError,
      "permitted",
    );
  });
});

test("BlockingLink gives up a worker that does not come up, within a few seconds", () => {
  let isTerminated = false;
  class Idle {
    postMessage(): void {}
    on(): void {}
    unref(): void {}
    terminate(): void {
      isTerminated = true;
    }
  }
  withWorkers(Idle, () => {
    const begun = performance.now();
    assertThrows(
      () => openLink(NOWHERE, 60_000),
      ConnectionError,
      "did not come up within 4000 ms",
    );
    assert(performance.now() - begun < 4500);
  });
  assert(isTerminated);
});

/** A link whose worker dies. */
function lifelessLink(url: string): BlockingLink {
  const workers: Worker[] = [];
  const Original = place.Worker;
  class Mortal extends Original {
    constructor(...how: ConstructorParameters<typeof Worker>) {
      super(...how);
      workers.push(this);
    }
  }
  const { hostname, port } = new URL(url);
  let link: BlockingLink | undefined;
  withWorkers(Mortal, () => {
    link = openLink({ hostname, port: Number(port) }, 5000);
  });
  for (const worker of workers) worker.terminate();
  return link!;
}

test("BlockingLink notices in calls of any length that its worker has died, after 10 s", async () => {
  await using broker = await Thread.broker();
  const [reader, writer] = [1, 2].map(() => lifelessLink(broker.url));
  const begun = performance.now();
  const how = { operation: "an octet", timeout: 0, onOctets() {} };
  const write = () => writer!.write(Uint8Array.of(10), how);
  while (!reader!.hasEnded || !writer!.hasEnded) {
    assert(performance.now() - begun < 20_000);
    reader!.waitForOctets(performance.now() + 100);
    if (!writer!.hasEnded) {
      try {
        write();
      } catch (error) {
        assert(error instanceof ConnectionError);
      }
    }
  }
  assert(performance.now() - begun > 9000);
  assertThrows(write, ConnectionError, "its worker has died");
  assert(reader!.failure.message.includes("its worker has died"));
});

test("BlockingLink gives up a connection that takes too long", () => {
  // An address that is set aside for documentation, so that nobody answers.
  const slow = { hostname: "192.0.2.1", port: 1 };
  const error = assertThrows(() => openLink(slow, 0));
  assert(error instanceof TimeoutError || error instanceof ConnectionError);
});
