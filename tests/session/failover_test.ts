import { UsageError } from "../../errors.ts";
import {
  DEFAULT_POLICY,
  type FailoverPolicy,
  Schedule,
} from "../../session/failover.ts";
import { parseFailover } from "../../session/failover_uri.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { withChance } from "../support/random.ts";

const GOOD: readonly (readonly [
  uri: string,
  brokers: readonly string[],
  policy: Partial<FailoverPolicy>,
])[] = [
  ["stomp://a", ["a:61613"], {}],
  ["failover:stomp://a", ["a:61613"], {}],
  ["failover://stomp://a,tcp://b:1", ["a:61613", "b:1"], {}],
  ["failover:(stomp://a:1)", ["a:1"], {}],
  ["failover:(tcp://a:1,stomps://[::1])", ["a:1", "::1:61614"], {}],
  ["failover://(stomp://a:1,ssl://b:2)", ["a:1", "b:2"], {}],
  [
    "failover:(stomp://a:1,stomp://b:2)?randomize=false&initialReconnectDelay=10",
    ["a:1", "b:2"],
    { randomize: false, initialDelay: 10 },
  ],
  [
    "failover:(stomp://a:1)?startupMaxReconnectAttempts=3,maxReconnectDelay=5000," +
    "useExponentialBackOff=False,maxReconnectAttempts=-1,reconnectDelayJitter=0," +
    "priorityBackup=true",
    ["a:1"],
    {
      startupMaxAttempts: 4,
      maxDelay: 5000,
      multiplier: 1,
      maxAttempts: Infinity,
      jitter: 0,
      addedJitter: 0,
      priorityBackup: true,
    },
  ],
  [
    "failover:stomp://a?useExponentialBackOff=false&reconnectDelayExponent=3",
    ["a:61613"],
    { multiplier: 1 },
  ],
  [
    "failover:stomp://a:1?backOffMultiplier=1.5&maxReconnectAttempts=7",
    ["a:1"],
    { multiplier: 1.5, maxAttempts: 8 },
  ],
  // As stompest: one attempt, and none behind it.
  [
    "failover:(tcp://a:1)?maxReconnectAttempts=0,startupMaxReconnectAttempts=-1",
    ["a:1"],
    { maxAttempts: 1, startupMaxAttempts: Infinity },
  ],
  ["FAILOVER:(stomp://a:1)", ["a:1"], {}],
  ["tcp://a:1?randomize=true", ["a:1"], { randomize: true }],
  [
    "stomp://u:p@a/vhost?initialReconnectDelay=10,randomize=false",
    ["a:61613"],
    { initialDelay: 10, randomize: false },
  ],
  ["failover:(ws://a/ws?x=1,stomp://b)?randomize=false", [
    "a:80",
    "b:61613",
  ], { randomize: false }],
  ["wss://a/ws?randomize=true", ["a:443"], {}],
];

for (const [uri, brokers, policy] of GOOD) {
  test(`${uri} is understood`, () => {
    const failover = parseFailover(uri);
    assertEquals(
      failover.targets.map(({ hostname, port }) => `${hostname}:${port}`),
      brokers,
    );
    assertEquals(failover.policy, policy);
  });
}

const BAD: readonly (readonly [uri: string, includes: string])[] = [
  ["failover:", "broker 1"],
  ["failover:()", "broker 1"],
  ["failover:(stomp://a,)", "broker 2"],
  ["failover:(stomp://a", "brackets"],
  ["failover:stomp://a)", "brackets"],
  ["failover:(stomp://a)x", "brackets"],
  ["failover:(http://a)", "http://a"],
  ["failover:(stomp://u:sesame@a,stomp://b:x)", "stomp://b:x"],
  ["failover:(stomp://u:sesame@a)?randomise=true", '"randomise"'],
  ["failover:(stomp://a)?randomize=yes", '"yes"'],
  ["failover:(stomp://a)?randomize=false=true", '"false=true"'],
  [
    "failover:(stomp://a?x=1)",
    "broker 1 of its list cannot be used, because it has a query",
  ],
  [
    "failover:(stomp://a,http://b)",
    "broker 2 of its list cannot be used, because its scheme",
  ],
  ["failover:(tcp://a,tcp://61613)", "its host is a mere number"],
  ["failover:(stomp://a)?maxReconnectAttempts=-2", '"-2"'],
  ["failover:(stomp://a)?startupMaxReconnectAttempts=-7", '"-7"'],
  ["failover:(stomp://a)?maxReconnectAttempts=1.5", '"1.5"'],
  ["failover:stomp://me:1?sesame@h", "%3F"],
  ["failover:stomp://me:1?x=1,sesame@h", "%3F"],
  ["failover:(stomp://me:p@h)?passcode=sesame", '"passcode"'],
  ["stomp://me:1?sesame@h", "%3F"],
  ["stomp://h?login=me&passcode=sesame", '"login"'],
  ["stomp://h?prefetch=1", '"prefetch"'],
  ["stomp://h:x?randomize=true", "must look like"],
  ["failover:(stomp://a)?randomize", '"randomize"'],
  ["failover:(stomp://a)?initialReconnectDelay=-1", '"-1"'],
  ["failover:(stomp://a)?backOffMultiplier=0.5", '"0.5"'],
  ["failover:(stomp://a)?toString=1", '"toString"'],
];

for (const [uri, includes] of BAD) {
  test(`${uri} is refused, and the place is shown`, () => {
    const error = assertThrows(() => parseFailover(uri), UsageError);
    assertStringIncludes(error.message, includes);
    assert(!error.message.includes("sesame"), error.message);
  });
}

/** What a schedule says so many times, as `host+delay`. */
function attempts(schedule: Schedule, count: number, now = 0): string[] {
  return Array.from({ length: count }, () => {
    const attempt = schedule.next(now);
    if (attempt === undefined) return "give up";
    now += attempt.delay;
    return `${attempt.target.hostname}+${attempt.delay}`;
  });
}

function scheduleOf(
  uri: string,
  policy: Partial<FailoverPolicy>,
  random: () => number = () => 0.5,
): Schedule {
  const { targets } = parseFailover(uri);
  return new Schedule(targets, { ...DEFAULT_POLICY, ...policy }, random);
}

const TWO = "failover:(stomp://a,stomp://b)";
const IN_ORDER = { randomize: false };

test("at the start each broker is tried once, at once", () => {
  const schedule = scheduleOf(TWO, IN_ORDER);
  schedule.start();
  assertEquals(attempts(schedule, 3), ["a+0", "b+0", "give up"]);
});

test("more attempts at the start go round, with growing pauses", () => {
  const schedule = scheduleOf(TWO, {
    ...IN_ORDER,
    startupMaxAttempts: 7,
    jitter: 0,
  });
  schedule.start();
  assertEquals(attempts(schedule, 8), [
    ..."a+0 b+0 a+100 b+0 a+200 b+0 a+400".split(" "),
    "give up",
  ]);
});

test("pauses grow up to the longest, and chance shortens them", () => {
  const policy = { ...IN_ORDER, initialDelay: 10, maxDelay: 50 };
  const whole = scheduleOf("stomp://a", { ...policy, jitter: 0 });
  whole.restart(true);
  assertEquals(
    attempts(whole, 5).join(" "),
    "a+10 a+20 a+40 a+50 a+50",
  );
  const half = scheduleOf("stomp://a", policy);
  half.restart(true);
  assertEquals(attempts(half, 5).join(" "), "a+5 a+10 a+20 a+25 a+25");
});

test("only a stable connection resets the pauses", () => {
  const schedule = scheduleOf("stomp://a", { ...IN_ORDER, jitter: 0 });
  schedule.start();
  assertEquals(attempts(schedule, 1), ["a+0"]);
  schedule.restart(true);
  assertEquals(attempts(schedule, 2), ["a+100", "a+200"]);
  schedule.restart(false);
  assertEquals(attempts(schedule, 1), ["a+400"]);
  schedule.restart(true);
  assertEquals(attempts(schedule, 1), ["a+100"]);
});

test("a client whose first connection dies at once does not come back at once", () => {
  const schedule = scheduleOf("stomp://a", { ...IN_ORDER, jitter: 0 });
  schedule.start();
  schedule.next(0);
  schedule.restart(false);
  assertEquals(attempts(schedule, 2), ["a+100", "a+200"]);
});

test("a broker that refuses us is not hammered", () => {
  const schedule = scheduleOf("stomp://a", { ...IN_ORDER, jitter: 0 });
  schedule.restart(true);
  schedule.refused(schedule.next(0)!.target, 0);
  assertEquals(attempts(schedule, 1), ["a+30000"]);
});

test("a broker that refuses us is left out for a while, whatever becomes of the others", () => {
  const schedule = scheduleOf(TWO, { ...IN_ORDER, jitter: 0 });
  schedule.start();
  schedule.refused(schedule.next(0)!.target, 0);
  assertEquals(schedule.next(0)?.target.hostname, "b");
  schedule.restart(true);
  assertEquals(attempts(schedule, 2, 1000), ["b+100", "b+200"]);
  schedule.restart(true);
  assertEquals(attempts(schedule, 2, 29_900), ["a+100", "b+0"]);
});

test("where all refuse us, the first of them is asked again when its time has come", () => {
  const schedule = scheduleOf(TWO, { ...IN_ORDER, jitter: 0 });
  schedule.restart(true);
  schedule.refused(schedule.next(0)!.target, 0);
  schedule.refused(schedule.next(100)!.target, 500);
  assertEquals(attempts(schedule, 1, 1000), ["a+29000"]);
});

test("however few attempts there are, every broker is worth one", () => {
  const schedule = scheduleOf(TWO, { ...IN_ORDER, jitter: 0, maxAttempts: 1 });
  schedule.restart(true);
  assertEquals(attempts(schedule, 3), ["a+100", "b+0", "give up"]);
});

test("a lost connection is made again at once where 0 is the first pause, and then there are pauses", () => {
  const policy = { ...IN_ORDER, initialDelay: 0, jitter: 0 };
  const schedule = scheduleOf(TWO, policy);
  schedule.restart(true);
  assertEquals(
    attempts(schedule, 6).join(" "),
    "a+0 b+0 a+20 b+0 a+40 b+0",
  );
  const even = scheduleOf("stomp://a", { ...policy, multiplier: 1 });
  even.restart(true);
  assertEquals(attempts(even, 4).join(" "), "a+0 a+10 a+10 a+10");
});

test("what is lost as soon as it is made does not go round without a pause", () => {
  for (const jitter of [0, 1]) {
    const policy = { ...IN_ORDER, initialDelay: 0, maxDelay: 0, jitter };
    const schedule = scheduleOf("stomp://a", policy, () => 0);
    schedule.start();
    const pauses = [];
    for (let i = 0; i < 5; i++) {
      pauses.push(schedule.next(0)!.delay);
      schedule.restart(false);
    }
    assertEquals(pauses, [0, 0, 10, 10, 10]);
  }
});

test("behind the first round there is always a pause, whatever the policy and chance say", () =>
  withChance((chance) => {
    for (let i = 0; i < 500; i++) {
      const policy = {
        initialDelay: chance.pick([0, 1, 9, 50, 5000]),
        maxDelay: chance.pick([0, 5, 10, 100, 30_000]),
        multiplier: chance.pick([1, 1.5, 2, 1000]),
        jitter: chance.pick([0, 0.5, 1]),
        addedJitter: chance.pick([0, 10, 100_000]),
        startupMaxAttempts: 8,
      };
      const schedule = scheduleOf(
        "stomp://a",
        policy,
        () => chance.below(1000) / 1000,
      );
      const isStart = chance.onceIn(2);
      if (isStart) schedule.start();
      else schedule.restart(chance.onceIn(2));
      const delays = chance.list(8, () => schedule.next(0)!.delay);
      const most = Math.max(10, policy.maxDelay);
      for (const [round, delay] of delays.entries()) {
        const least = round === 0 ? 0 : 10;
        assert(
          delay >= least && delay <= most,
          `${JSON.stringify(policy)} waited ${delays}`,
        );
      }
    }
  }));

test("stompest's jitter is added to each pause", () => {
  const { policy } = parseFailover(
    "failover:(stomp://a)?reconnectDelayJitter=50",
  );
  const schedule = scheduleOf("stomp://a", policy);
  schedule.restart(true);
  assertEquals(attempts(schedule, 2), ["a+125", "a+225"]);
});

test("stompest's 3 attempts are three behind the first one", () => {
  const { policy } = parseFailover(
    "failover:(tcp://a:1)?startupMaxReconnectAttempts=3,maxReconnectAttempts=0",
  );
  const schedule = scheduleOf("stomp://a", { ...policy, jitter: 0 });
  schedule.start();
  assertEquals(
    attempts(schedule, 5).join(" "),
    "a+0 a+100 a+200 a+400 give up",
  );
  schedule.restart(true);
  assertEquals(attempts(schedule, 2).join(" "), "a+100 give up");
});

test("after as many attempts as it may make, it gives up", () => {
  const schedule = scheduleOf(TWO, { ...IN_ORDER, maxAttempts: 3 });
  schedule.restart(true);
  assertEquals(attempts(schedule, 4).at(-1), "give up");
  const none = scheduleOf(TWO, { ...IN_ORDER, maxAttempts: 0 });
  none.restart(true);
  assertEquals(attempts(none, 1), ["give up"]);
});

test("in random order every broker of a round is tried, and none is always first", () =>
  withChance((chance) => {
    const random = () => chance.below(1000) / 1000;
    const schedule = scheduleOf(
      "failover:(stomp://a,stomp://b,stomp://c)",
      {},
      random,
    );
    const first = new Set<string>();
    for (let i = 0; i < 50; i++) {
      schedule.start();
      const hosts = attempts(schedule, 3).map((attempt) => attempt[0]!);
      assertEquals([...hosts].sort(), ["a", "b", "c"]);
      first.add(hosts[0]!);
    }
    assertEquals(first.size, 3);
  }));

test("brokers on this machine come first where that is asked for", () => {
  const schedule = scheduleOf(
    "failover:(stomp://a,stomp://localhost,stomp://b,stomp://127.0.0.1,stomp://mq.localhost,stomp://[::1])",
    { ...IN_ORDER, priorityBackup: true, startupMaxAttempts: 6 },
  );
  schedule.start();
  assertEquals(
    attempts(schedule, 6).join(" "),
    "localhost+0 127.0.0.1+0 mq.localhost+0 ::1+0 a+0 b+0",
  );
});
