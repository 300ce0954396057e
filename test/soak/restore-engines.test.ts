import { describe, expect, it } from "vitest";
import { ENGINES } from "../support/redis.ts";
import { expectClusterRoundTrip, expectRoundTrip, type RoundTripTimes } from "../support/round-trips.ts";

/** Keys of the large round trips; five million need some six gigabytes of memory. */
const MANY = Number(process.env.REDISHA_SOAK_KEYS ?? 1_000_000);

function tell(what: string, { backupMs, restoreMs }: RoundTripTimes): void {
  process.stderr.write(`  ${what}: backup ${backupMs} ms, restore ${restoreMs} ms\n`);
}

describe.each(ENGINES)("a round trip of %s", (engine) => {
  it.each(["no", "yes"] as const)("with appendonly %s equals what was there", async (appendonly) => {
    expect(await expectRoundTrip(engine, appendonly)).toBeDefined();
  });

  it.each(["no", "yes"] as const)("as a Cluster with appendonly %s equals what was there", async (appendonly) => {
    expect(await expectClusterRoundTrip(engine, appendonly)).toBeDefined();
  });

  it(`with ${MANY} keys equals what was there`, async () => {
    tell(`${engine}: ${MANY} keys`, await expectRoundTrip(engine, "no", MANY));
  });
});

it(`a round trip of a Cluster with ${MANY} keys equals what was there`, async () => {
  tell(`redis-7.0: ${MANY} keys in a Cluster`, await expectClusterRoundTrip("redis-7.0", "yes", MANY));
});
