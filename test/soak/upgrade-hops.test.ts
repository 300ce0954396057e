import { expect, it } from "vitest";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet } from "../fleet/harness/fleet.ts";
import { offerPool } from "../fleet/harness/releases.ts";
import { servedBy } from "../fleet/served-by.ts";
import { redisha } from "../support/redisha.ts";
import { lostOf, startWriters } from "../support/writers.ts";

const ROUNDS = Number(process.env.REDISHA_SOAK_RUNS ?? 20);

describeOnFleet("an upgrade by packages from Redis 6.0 over 7.0 to 8.0, in one run, under sixteen writers", () => {
  it.each(Array.from({ length: ROUNDS }, (_, n) => n + 1))("loses no acknowledged write (round %i)", async (round) => {
    await using fleet = await bootFleet({ hosts: 3, pools: ["bookworm-from-bullseye", "bookworm"] });
    const deployment = await deploySentinel(fleet, { release: "redis-6.0", downAfterMs: 5_000 });
    for (const host of fleet.hosts) await offerPool(host, "bookworm-from-trixie");
    const writers = startWriters(servedBy(fleet));
    const argv = ["upgrade", "--file", deployment.file, "--to", "8.0.2", "--waive", "backup", "--soak", "0s"];
    const flags = ["--between", "5s", "--confirm", "fleet", "--json"];
    const { code, stdout, stderr } = await redisha([...argv, ...flags]);
    const { gapMs } = await writers.stop();
    const { error, result } = JSON.parse(stdout || "{}");
    expect({ code, error, said: code === 0 ? "" : stderr.slice(-3_000) }).toEqual({
      code: 0,
      error: undefined,
      said: "",
    });
    const [primary = ""] = await deployment.primaries();
    const lost = await lostOf(deployment, primary, writers);
    process.stdout.write(
      `round ${round}: ${writers.acked.length} writes, ${lost.length} lost, longest gap ${gapMs} ms, ${result.duration_ms} ms\n`,
    );
    expect(lost).toEqual([]);
    await deployment.settled();
    for (const { name } of fleet.hosts) {
      for (const port of [6379, 26379]) {
        expect(await deployment.cli(`${name}:${port}`, "INFO", "server")).toContain("redis_version:8.0.2");
      }
    }
  });
});
