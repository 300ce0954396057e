import { expect, it } from "vitest";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import {
  killedByPackages,
  momentsOfPackages,
  type PackagePlace,
  packagePlace,
} from "../support/killed-package-upgrades.ts";
import type { Moment } from "../support/killed-upgrades.ts";
import { soakPart } from "../support/soak-part.ts";

// All of it takes hours. REDISHA_SOAK_SAMPLE=1 is one op of each step; REDISHA_SOAK_PART=1/4 every fourth of those.
describeOnFleet("an upgrade by packages, from Redis 7.0 to 8.0, that is killed at any of its ops", () => {
  it("is gone on with, or back, on real hosts, and loses nothing but what was announced", async () => {
    const findings: string[] = [];
    let kills = 0;
    let place: PackagePlace | undefined = await packagePlace();
    try {
      const moments = await momentsOfPackages(place);
      expect(moments.length).toBeGreaterThan(20);
      const { index, of } = soakPart();
      const chosen = (process.env.REDISHA_SOAK_SAMPLE ? sampleOf(moments) : moments).filter(
        (_, at) => at % of === index,
      );
      await place[Symbol.asyncDispose]();
      place = undefined;
      for (const moment of chosen) {
        for (const way of ["resume", moment.committed ? "return" : "rollback"] as const) {
          place ??= await packagePlace();
          const found = await killedByPackages(place, moment, way).catch((error: unknown) => [
            `${moment.step}@${moment.target}, ${way}: ${error instanceof Error ? error.message : String(error)}`,
          ]);
          kills += 1;
          process.stdout.write(`${kills} ${moment.step}@${moment.target} ${way}: ${found.join("; ") || "got over"}\n`);
          findings.push(...found);
          if (way === "rollback" && found.length === 0) continue;
          await place[Symbol.asyncDispose]();
          place = undefined;
        }
      }
      process.stdout.write(`${kills} kills at ${chosen.length} of ${moments.length} ops\n`);
    } finally {
      await place?.[Symbol.asyncDispose]();
    }
    expect(findings).toEqual([]);
  });
});

/** The first op of each step, whichever server it is about; of the old primary those of its own. */
function sampleOf(moments: readonly Moment[]): Moment[] {
  const seen = new Set<string>();
  return moments.filter(({ step, committed }) => {
    const name = `${committed} ${step.replace(/\[[^\]]*\]/g, "")}`;
    return !seen.has(name) && seen.add(name);
  });
}
