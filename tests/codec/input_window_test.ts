import { InputWindow } from "../../codec/input_window.ts";
import { assertEquals, assertLess } from "../support/assert.ts";
import { test } from "../support/harness.ts";

test("a window keeps no piece that is used up, also where each frame crosses the end of one", () => {
  const { push, splice } = Array.prototype;
  let kept = 0;
  let most = 0;
  using _ = {
    [Symbol.dispose]: () => Object.assign(Array.prototype, { push, splice }),
  };
  const window = new InputWindow();
  Array.prototype.push = function (...items) {
    kept += items.length;
    most = Math.max(most, this.length + items.length);
    return push.apply(this, items);
  };
  let frame = 50;
  for (let i = 0; i < 1000; i++) {
    window.push(new Uint8Array(100));
    for (;;) {
      if (window.end - window.at >= frame) {
        window.advance(window.at + frame);
        // From now on each of them ends in the middle of another piece.
        frame = 100;
      } else if (!window.more(frame)) break;
    }
  }
  assertEquals(kept >= 1000, true);
  assertLess(most, 50);
});
