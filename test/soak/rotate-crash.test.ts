import { afterAll, beforeAll, describe, it } from "vitest";
import { expectNobodyLockedOut, ROTATION_KILLS } from "../support/killed-rotations.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";

let lab: TestLab;
beforeAll(async () => {
  lab = await bringUpLab({ topology: "sentinel", auth: "acl", downAfterMs: 5_000 });
});
afterAll(() => lab.down());

describe("a rotation that is killed", () => {
  it.each(ROTATION_KILLS)("locks nobody out at $type of $step, and comes to its end by $verb", (kill) =>
    expectNobodyLockedOut(lab, kill),
  );
});
