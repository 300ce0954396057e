import { describe, expect, it } from "vitest";
import { type Hop, killedAt, momentsOf } from "../support/killed-upgrades.ts";
import { soakPart } from "../support/soak-part.ts";

const HOPS: readonly Hop[] = [
  { topology: "sentinel", from: "redis-7.0", to: "redis-8.0" },
  { topology: "sentinel", from: "valkey-8.1", to: "valkey-9.1" },
  { topology: "cluster", from: "redis-7.0", to: "redis-8.0" },
  { topology: "cluster", from: "valkey-8.1", to: "valkey-9.1" },
];

// All of a hop takes more than an hour: REDISHA_SOAK_PART=1/8 is every eighth moment, 2/8 the ones behind those.
describe("an upgrade that is killed at any of its ops", () => {
  it.each(HOPS)("is gone on with, or back, and loses nothing ($topology, $from to $to)", async (hop) => {
    const moments = await momentsOf(hop);
    expect(moments.length).toBeGreaterThan(10);
    const { index, of } = soakPart();
    const findings: string[] = [];
    let kills = 0;
    for (const moment of moments.filter((_, at) => at % of === index)) {
      for (const how of moment.committed ? (["resume"] as const) : (["resume", "rollback"] as const)) {
        const found = await killedAt(hop, moment, how).catch((error: unknown) => [
          `${moment.step}@${moment.target}, ${how}: ${error instanceof Error ? error.message : String(error)}`,
        ]);
        kills += 1;
        process.stdout.write(`${kills} ${moment.step}@${moment.target} ${how}: ${found.join("; ") || "got over"}\n`);
        findings.push(...found);
      }
    }
    process.stdout.write(`${hop.topology}, ${hop.from} to ${hop.to}: ${kills} kills, ${moments.length} moments\n`);
    expect(findings).toEqual([]);
  });
});
