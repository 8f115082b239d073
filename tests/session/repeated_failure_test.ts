import { RepeatedFailure } from "../../session/repeated_failure.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";

test("RepeatedFailure is met too often at the third time within a minute, each by itself", () => {
  const failures = new RepeatedFailure();
  const [one, other] = [new Error("one"), new Error("other")];
  const met = [
    failures.meet(one, 0),
    failures.meet(one, 10_000),
    failures.meet(other, 20_000),
    failures.meet(one, 60_001),
    failures.meet(one, 60_002),
    failures.meet(other, 60_003),
  ];
  assertEquals(met, [false, false, false, false, true, false]);
});
