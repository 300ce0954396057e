import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { runWith } from "../fleet/broken-upgrade.ts";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import type { FleetDeployment } from "../fleet/harness/deployment.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { servedBy } from "../fleet/served-by.ts";
import { unpackEngine } from "../fleet/unpack-engine.ts";
import type { EngineUnderTest } from "../support/engines.ts";
import { VERSIONS } from "../support/upgrades.ts";
import { lostOf, startWriters } from "../support/writers.ts";

describeOnFleet("an upgrade by a folder of programs under systemd, on hosts", () => {
  let fleet: Fleet;
  let deployment: FleetDeployment;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3, pools: ["bookworm-from-bullseye", "bookworm"] });
    deployment = await deploySentinel(fleet, { release: "redis-6.0", downAfterMs: 5_000 });
  }, 600_000);
  afterAll(() => fleet?.down());

  /** Every server and Sentinel runs the release, started by its own unit from that folder, also once its host is booted. */
  async function runs(engine: EngineUnderTest): Promise<void> {
    const folder = `/opt/${engine}`;
    await deployment.settled(120_000);
    for (const { name } of fleet.hosts) {
      for (const [unit, port] of [
        ["redis-server", 6379],
        ["redis-sentinel", 26379],
      ] as const) {
        const info = await deployment.cli(`${name}:${port}`, "INFO", "server");
        expect(info).toContain(`redis_version:${VERSIONS[engine]}`);
        const pid = /process_id:(\d+)/.exec(info)?.[1];
        expect(await fleet.host(name).exec(`systemctl show -P MainPID ${unit}`)).toBe(pid);
        expect(await fleet.host(name).exec(`cat /proc/${pid}/maps`)).toContain(folder);
      }
    }
  }

  it.each([
    ["redis-6.0", "redis-7.0"],
    ["redis-7.0", "redis-8.0"],
  ] as const)(
    "loses no acknowledged write, and every unit starts the programs of the folder (%s to %s)",
    async (from, to) => {
      for (const { name } of fleet.hosts) await unpackEngine(fleet, name, to);
      const writers = startWriters(servedBy(fleet));
      const argv = ["upgrade", "--file", deployment.file, "--to", VERSIONS[to], "--directory", `/opt/${to}`];
      const flags = ["--waive", "backup", "--soak", "0s", "--confirm", "fleet"];
      const { code, error, said } = await runWith([...argv, ...flags]);
      const { gapMs } = await writers.stop();
      expect({ code, error, said: code === 0 ? "" : said }).toEqual({ code: 0, error: undefined, said: "" });
      const [primary = ""] = await deployment.primaries();
      const lost = await lostOf(deployment, primary, writers);
      process.stdout.write(`${from} to ${to}: ${writers.acked.length} writes, ${lost.length} lost, gap ${gapMs} ms\n`);
      expect(lost).toEqual([]);
      await runs(to);
      // What redisha says in the end has to stand in redisha.yaml.
      const yaml = parse(readFileSync(deployment.file, "utf8"));
      yaml.deployments.fleet.engine = {
        ...{ name: "redis", version: VERSIONS[to], source: "directory", directory: `/opt/${to}` },
      };
      writeFileSync(deployment.file, stringify(yaml));
      await fleet.reboot("r2");
      await runs(to);
    },
  );
});
