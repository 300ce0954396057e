import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packagePath } from "../../src/core/package-root.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { sweepLab } from "../support/sweep.ts";

let lab: TestLab;

beforeAll(async () => {
  lab = await bringUpLab({ topology: "sentinel" });
});
afterAll(() => lab.down());

describe("a crash at every moment", () => {
  it.each(["canary", ...["sweep.yaml", "sweep-back.yaml"].map((file) => packagePath("test/fixtures/runbook", file))])(
    "of %s is got over",
    async (runbook) => {
      const { findings, kills, moments, rollback_moments } = await sweepLab(lab, runbook);
      expect(findings).toEqual([]);
      expect(kills).toBe(2 * moments + rollback_moments);
    },
  );
});
