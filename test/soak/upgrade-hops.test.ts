import { expect, it } from "vitest";
import { upgradeWith } from "../fleet/broken-upgrade.ts";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet } from "../fleet/harness/fleet.ts";
import { offerPool } from "../fleet/harness/releases.ts";
import { servedBy } from "../fleet/served-by.ts";
import { heldByFewer, startSessions } from "../support/sessions.ts";
import { longestGap, lostOf, startWriters } from "../support/writers.ts";

const ROUNDS = Number(process.env.REDISHA_SOAK_RUNS ?? 20);

describeOnFleet("an upgrade by packages from Redis 6.0 over 7.0 to 8.0, in one run, under sixteen writers", () => {
  it.each(Array.from({ length: ROUNDS }, (_, n) => n + 1))("loses no acknowledged write (round %i)", async (round) => {
    await using fleet = await bootFleet({ hosts: 3, pools: ["bookworm-from-bullseye", "bookworm"] });
    const deployment = await deploySentinel(fleet, { release: "redis-6.0", downAfterMs: 5_000 });
    for (const host of fleet.hosts) await offerPool(host, "bookworm-from-trixie");
    const writers = startWriters(servedBy(fleet));
    const sessions = startSessions(servedBy(fleet));
    let between = Number.NaN;
    const soaks = {
      step: "stays",
      happens: async () => {
        between = performance.now();
      },
    };
    const { code, status, error, said } = await upgradeWith(deployment, "8.0.2", soaks, ["--between", "5s"]);
    const { gapMs } = await writers.stop();
    const keys = await sessions.stop();
    expect({ code, status, error, said: code === 0 ? "" : said }).toEqual({
      code: 0,
      status: "done",
      error: undefined,
      said: "",
    });
    const [primary = ""] = await deployment.primaries();
    const lost = await lostOf(deployment, primary, writers);
    const hops = [writers.acked.filter(({ at }) => at < between), writers.acked.filter(({ at }) => at >= between)];
    process.stdout.write(
      `round ${round}: ${writers.acked.length} writes, ${lost.length} lost, longest gap ${hops.map(longestGap).join(" and ")} ms (${gapMs})\n`,
    );
    expect(lost).toEqual([]);
    await deployment.settled();
    expect(keys.length).toBeGreaterThan(100);
    expect(await heldByFewer(fleet.hosts.length, keys, servedBy(fleet))).toEqual([]);
    for (const { name } of fleet.hosts) expect(await lostOf(deployment, `${name}:6379`, writers)).toEqual([]);
    for (const { name } of fleet.hosts) {
      for (const port of [6379, 26379]) {
        expect(await deployment.cli(`${name}:${port}`, "INFO", "server")).toContain("redis_version:8.0.2");
      }
    }
  });
});
