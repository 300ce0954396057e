import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { runWith } from "../fleet/broken-upgrade.ts";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import type { FleetDeployment } from "../fleet/harness/deployment.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { offerPool } from "../fleet/harness/releases.ts";
import { servedBy } from "../fleet/served-by.ts";
import { lostOf, startWriters } from "../support/writers.ts";

const DONE = { code: 0, said: "" };

/** Upgrades, or goes back, under sixteen writers; none of what they were told is written may be gone. */
async function movesUnderLoad(fleet: Fleet, deployment: FleetDeployment, argv: readonly string[]): Promise<void> {
  const writers = startWriters(servedBy(fleet));
  await delay(500);
  expect(await ended(deployment, argv)).toEqual(DONE);
  await delay(300);
  const { gapMs } = await writers.stop();
  await deployment.settled(120_000);
  const [primary = ""] = await deployment.primaries();
  const lost = await lostOf(deployment, primary, writers);
  process.stdout.write(
    `${argv.slice(0, 3).join(" ")}: ${writers.acked.length} writes, ${lost.length} lost, none for ${gapMs} ms\n`,
  );
  expect(writers.acked.length).toBeGreaterThan(1_000);
  expect(lost).toEqual([]);
}

async function ended(deployment: FleetDeployment, argv: readonly string[]) {
  const flags = ["--file", deployment.file, "--soak", "0s", "--waive", "backup", "--confirm", "fleet"];
  const { code, error, said } = await runWith([...argv, ...flags]);
  return { code, said: code === 0 ? "" : JSON.stringify(error) + said };
}

/** What runs on each host, and what is installed and half done there. */
function standOf(fleet: Fleet, deployment: FleetDeployment): Promise<string[]> {
  return Promise.all(
    fleet.hosts.map(async (host) => {
      const ports = [6379, 26379].map((port) => deployment.cli(`${host.name}:${port}`, "INFO", "server"));
      const versions = (await Promise.all(ports)).map((info) => /valkey_version:(\S+)/.exec(info)?.[1] ?? "none");
      const packages = await host.exec("dpkg-query -W -f '${db:Status-Abbrev}${Version}\\n' 'valkey-*' | sort -u");
      const left = await host.exec("dpkg --audit; ls /usr/sbin/policy-rc.d* 2>/dev/null || true");
      return [...versions, packages, left].join(" ");
    }),
  );
}

/** The newest release that the hosts' apt offers of a series. */
async function offered(fleet: Fleet, begins: string): Promise<string> {
  const found = await fleet.host("r1").exec("apt-cache madison valkey-tools | cut -d'|' -f2 | tr -d ' ' | sort -rV");
  const newest = found.split("\n").find((each) => each.startsWith(begins)) ?? "";
  return newest.replace(/[-+~].*/, "");
}

describeOnFleet("an upgrade of Valkey by its packages, under load from sixteen writers", () => {
  it("goes from 8.1 to 9 and back without losing a write", async () => {
    await using fleet = await bootFleet({ hosts: 3, suite: "trixie", pools: ["trixie", "trixie-from-forky"] });
    const deployment = await deploySentinel(fleet, { release: "valkey-8.1", downAfterMs: 5_000 });
    const before = await standOf(fleet, deployment);
    for (const host of fleet.hosts) await offerPool(host, "trixie-from-forky");
    const newer = await offered(fleet, "9.");
    await movesUnderLoad(fleet, deployment, ["upgrade", "--to", newer]);
    for (const stand of await standOf(fleet, deployment)) expect(stand).toMatch(`${newer} ${newer} ii ${newer}`);
    await movesUnderLoad(fleet, deployment, ["rollback", "--to", await offered(fleet, "8.")]);
    expect(await standOf(fleet, deployment)).toEqual(before);
  });

  it("goes from 8.0 to 8.1 and back without losing a write", async () => {
    const pools = ["bookworm-backports", "bookworm-from-trixie-valkey"] as const;
    await using fleet = await bootFleet({ hosts: 3, pools });
    const deployment = await deploySentinel(fleet, { release: "valkey-8.0", downAfterMs: 5_000 });
    const before = await standOf(fleet, deployment);
    for (const host of fleet.hosts) await offerPool(host, "bookworm-from-trixie-valkey");
    const newer = await offered(fleet, "8.1");
    await movesUnderLoad(fleet, deployment, ["upgrade", "--to", newer]);
    for (const stand of await standOf(fleet, deployment)) expect(stand).toMatch(`${newer} ${newer} ii ${newer}`);
    await movesUnderLoad(fleet, deployment, ["rollback", "--to", await offered(fleet, "8.0")]);
    expect(await standOf(fleet, deployment)).toEqual(before);
  });
});
