import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { afterwards, comesUp, standOf, upgradeWith } from "../fleet/broken-upgrade.ts";
import { deployCluster } from "../fleet/harness/deploy-cluster.ts";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import type { FleetDeployment } from "../fleet/harness/deployment.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { offerPool } from "../fleet/harness/releases.ts";
import { servedBy } from "../fleet/served-by.ts";
import { heldByFewer, startSessions } from "../support/sessions.ts";
import { lostOf, startWriters } from "../support/writers.ts";

const DONE = { code: 0, said: "" };

/** One or two moments each: of the way from 6.0 to 7.0, and of that from 7.0 to 8.0 behind it. */
const PAIRS = (
  process.env.REDISHA_SOAK_MOMENTS ?? "stop/start,anew/turn,packages/beside,adapt/anew,start/stop,turn/packages"
)
  .split(",")
  .map((pair) => pair.split("/"));

/**
 * Behind the switchover: the host of the old primary loses power, comes back, and starts what it has there, which may be
 * the older release, below a primary of the newer one.
 */
async function cutThere(fleet: Fleet, deployment: FleetDeployment, version: string, moment: string): Promise<void> {
  const [primary = ""] = (await deployment.primaries()).sort();
  const [host = ""] = primary.split(":");
  const inCluster = fleet.hosts.length > 3;
  const serving = { status: { ...servedBy(fleet).status, topology: inCluster ? "cluster" : "sentinel" } };
  const writers = startWriters(serving, 8);
  const sessions = startSessions(serving);
  const cut = await upgradeWith(deployment, version, {
    step: `old_primaries[${primary}].${moment}`,
    happens: () => fleet.powerOff(host),
  });
  const paused = { code: cut.code, status: cut.status, said: cut.code === 7 ? "" : cut.said };
  await comesUp(fleet, deployment, host);
  const booted = (await standOf(fleet, deployment)).find((_, at) => fleet.hosts[at]?.name === host);
  const resumed = await afterwards(deployment, "resume");
  await writers.stop();
  const keys = await sessions.stop();
  process.stdout.write(`${JSON.stringify({ version, moment, primary, error: cut.error, booted, resumed })}\n`);
  expect(paused).toEqual({ code: 7, status: "paused", said: "" });
  expect(resumed).toEqual(DONE);
  await deployment.settled(120_000);
  const missing = await heldByFewer(inCluster ? 2 : 3, keys, serving);
  const [at = ""] = await deployment.primaries();
  const lost = inCluster ? [] : await lostOf(deployment, at, writers);
  process.stdout.write(
    `${version}, ${moment}: ${writers.acked.length} writes, ${lost.length} lost; ${keys.length} keys with an expiry, ${missing.length} not everywhere\n`,
  );
  expect({ lost, missing, many: keys.length > 100 }).toEqual({ lost: [], missing: [], many: true });
  for (const { name } of fleet.hosts) {
    expect(await deployment.cli(`${name}:6379`, "INFO", "server")).toContain(`redis_version:${version}`);
  }
}

describeOnFleet("the host of an old primary that loses power in the midst of an upgrade by packages", () => {
  describe.each(["sentinel", "cluster"] as const)("with %s", (kind) => {
    it.each(PAIRS)("is gone on with, and lacks nothing (%s, then %s)", async (first = "", second = "") => {
      const hosts = kind === "cluster" ? 6 : 3;
      await using fleet = await bootFleet({ hosts, pools: ["bookworm-from-bullseye", "bookworm"] });
      const deployment =
        kind === "cluster"
          ? await deployCluster(fleet, { release: "redis-6.0", nodeTimeoutMs: 5_000 })
          : await deploySentinel(fleet, { release: "redis-6.0", downAfterMs: 5_000 });
      await cutThere(fleet, deployment, "7.0.15", first);
      if (second === "") return;
      // As redisha says at the end of an upgrade: else it would go over 7.0 once more.
      const declared = await readFile(deployment.file, "utf8");
      await writeFile(deployment.file, declared.replace("6.0.16", "7.0.15"));
      for (const host of fleet.hosts) await offerPool(host, "bookworm-from-trixie");
      await cutThere(fleet, deployment, "8.0.2", second);
    });
  });
});
