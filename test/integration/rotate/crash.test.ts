import { afterAll, beforeAll, describe, it } from "vitest";
import { expectNobodyLockedOut, ROTATION_KILLS } from "../../support/killed-rotations.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";

let lab: TestLab;
beforeAll(async () => {
  lab = await bringUpLab({ topology: "sentinel", auth: "acl", downAfterMs: 5_000 });
});
afterAll(() => lab.down());

// Each step once, in turns before and behind an op, on and back. All of them: test/soak/rotate-crash.test.ts.
const SOME = [0, 5, 10, 15, 19, 22].flatMap((at) => ROTATION_KILLS[at] ?? []);

describe("a rotation that is killed", () => {
  it.each(SOME)("locks nobody out at $type of $step, and comes to its end by $verb", (kill) =>
    expectNobodyLockedOut(lab, kill),
  );
});
