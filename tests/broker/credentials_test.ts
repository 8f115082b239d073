import { isAdmitted, isEqual } from "../../broker/credentials.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";

/** A text's octets, which count how often one is looked at. */
function counting(text: string): { octets: Uint8Array; looks: number } {
  const counted = { octets: new TextEncoder().encode(text), looks: 0 };
  counted.octets = new Proxy(counted.octets, {
    get(octets, key) {
      if (typeof key === "string" && /^[0-9]+$/.test(key)) counted.looks++;
      return Reflect.get(octets, key, octets);
    },
  });
  return counted;
}

/** What may be given where "secret" is wanted. */
const GIVEN = ["secret", "Secret", "secreT", "zzzzzz"];
/** What may be wanted where "secret" is given. */
const WANTED = [...GIVEN, "s", "secretsecret"];

test("a comparison looks at as many octets, whether and where there is a difference", () => {
  for (const given of GIVEN) {
    for (const wanted of WANTED) {
      const [one, other] = [counting(given), counting(wanted)];
      assertStrictEquals(isEqual(one.octets, other.octets), given === wanted);
      assertEquals([one.looks, other.looks], [6, 6], `${given}, ${wanted}`);
    }
  }
  assertStrictEquals(isEqual([], []), true);
  assertStrictEquals(isEqual([0], []), false);
  assertStrictEquals(isEqual([], [0]), false);
});

test("login and passcode are compared with every entry, whichever of them matches", () => {
  const { prototype } = TextEncoder;
  const { encode } = prototype;
  const counts = ["first", "last", "nobody"].map((login) => {
    let count = 0;
    prototype.encode = function (text) {
      count++;
      return encode.call(this, text);
    };
    const headers = new Map([["login", login], ["passcode", "1"]]);
    try {
      isAdmitted(headers, { first: "1", middle: "2", last: "3" });
    } finally {
      prototype.encode = encode;
    }
    return count;
  });
  assertEquals(counts, [8, 8, 8]);
});
