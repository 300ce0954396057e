import { expect, it } from "vitest";
import { expectRoundTrip } from "../../support/round-trips.ts";

// The other engines: test/soak/restore-engines.test.ts.
it.each([
  ["redis-6.0", "yes"],
  ["redis-7.0", "no"],
  ["valkey-9.1", "yes"],
] as const)(
  "a restore of %s with appendonly %s brings back everything, with replicas and Sentinels as before",
  async (engine, appendonly) => {
    expect(await expectRoundTrip(engine, appendonly)).toBeDefined();
  },
);
