import { describe, expect, it } from "vitest";
import { ENGINES } from "../support/redis.ts";
import { expectRoundTrip } from "../support/round-trips.ts";

describe.each(ENGINES)("a round trip of %s", (engine) => {
  it.each(["no", "yes"] as const)("with appendonly %s equals what was there", async (appendonly) => {
    expect(await expectRoundTrip(engine, appendonly)).toBeDefined();
  });

  it("with a million keys equals what was there", async () => {
    const { backupMs, restoreMs } = await expectRoundTrip(engine, "no", 1_000_000);
    process.stdout.write(`${engine}: 1,000,000 keys: backup ${backupMs} ms, restore ${restoreMs} ms\n`);
  });
});
