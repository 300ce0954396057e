import { readFile, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { parseDocument } from "yaml";
import { runWith, standOf, upgradeWith } from "../fleet/broken-upgrade.ts";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import type { FleetDeployment } from "../fleet/harness/deployment.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { offerPool } from "../fleet/harness/releases.ts";
import { servedBy } from "../fleet/served-by.ts";
import { redisha } from "../support/redisha.ts";
import { heldByFewer, startSessions } from "../support/sessions.ts";
import { longestGap, lostOf, startWriters } from "../support/writers.ts";

const ROUNDS = Number(process.env.REDISHA_SOAK_RUNS ?? 2);
const STANDBY = "r3:6379";

describeOnFleet("an upgrade by packages from Redis 7.0 to 8.0 that leaves a standby, under sixteen writers", () => {
  it.each([
    ...Array.from({ length: ROUNDS }, (_, n) => ["stays up", n + 1] as const),
    ...Array.from({ length: ROUNDS }, (_, n) => ["is booted meanwhile", n + 1] as const),
  ])("is gone back from by it, and nothing is lost, where its host %s (round %i)", async (what, round) => {
    await using fleet = await bootFleet({ hosts: 3, pools: ["bookworm"] });
    const deployment = await deploySentinel(fleet, { release: "redis-7.0", downAfterMs: 5_000 });
    for (const host of fleet.hosts) await offerPool(host, "bookworm-from-trixie");
    const before = await wholeStandOf(fleet, deployment);
    const writers = startWriters(servedBy(fleet));
    const sessions = startSessions(servedBy(fleet));

    expect(well(await upgradeWith(deployment, "8.0.2", undefined, ["--standby", STANDBY]))).toEqual(WELL);
    const upgraded = await wholeStandOf(fleet, deployment);
    for (const [index, release] of ["8.0.2", "8.0.2", "7.0.15"].entries()) {
      expect(upgraded[index]).toMatchObject({ server: release, sentinel: release, failed: "", halfDone: "" });
    }
    expect(upgraded[2]?.packages).toBe(before[2]?.packages);
    if (what === "is booted meanwhile") await fleet.reboot("r3");
    await deployment.settled(120_000);
    expect(await findingsOf(deployment)).toContain("rollback_standby");
    const between = writers.acked.length;
    await expect.poll(() => writers.acked.length, { timeout: 120_000 }).toBeGreaterThan(between + 5_000);

    const turned = performance.now();
    const back = ["rollback", "--file", deployment.file, "--to", "7.0.15", "--waive", "backup", "--soak", "0s"];
    expect(well(await runWith([...back, "--confirm", "fleet"]))).toEqual(WELL);
    await writers.stop();
    const keys = await sessions.stop();
    await deployment.settled(120_000);
    expect(await deployment.primaries()).toEqual([STANDBY]);
    const ids = fleet.hosts.map(({ name }) => `${name}:6379`);
    const lost = (await Promise.all(ids.map((id) => lostOf(deployment, id, writers)))).flat();
    const missing = await heldByFewer(fleet.hosts.length, keys, servedBy(fleet));
    const gaps = [writers.acked.filter(({ at }) => at < turned), writers.acked.filter(({ at }) => at >= turned)];
    process.stdout.write(
      `${what}, round ${round}: ${writers.acked.length} writes, ${lost.length} lost; ${keys.length} keys with an expiry, ${missing.length} not on every server; longest gap ${gaps.map(longestGap).join(" and ")} ms\n`,
    );
    expect({ lost, missing }).toEqual({ lost: [], missing: [] });
    expect(keys.length).toBeGreaterThan(100);
    expect(await wholeStandOf(fleet, deployment)).toEqual(before);
    expect(await findingsOf(deployment)).not.toContain("rollback_standby");

    // What runs is one thing, what the files and the packages make of a boot another.
    for (const { name } of fleet.hosts) {
      await fleet.reboot(name);
      await deployment.settled(120_000);
    }
    expect(await wholeStandOf(fleet, deployment)).toEqual(before);
    for (const id of ids) expect(await lostOf(deployment, id, writers)).toEqual([]);
  });

  it.each([
    ["which gives up", "RestartSec=100ms", "failed"],
    // So slowly that systemd does not count the starts as too many in a row.
    ["for ever", "RestartSec=3s", "activ"],
  ])(
    "has it end itself at a command that it does not know, and its unit start it again, %s: revived, it is brought to the release",
    async (how, line, state) => {
      await using fleet = await bootFleet({ hosts: 3, pools: ["bookworm"] });
      const deployment = await deploySentinel(fleet, { release: "redis-7.0", downAfterMs: 5_000 });
      for (const host of fleet.hosts) await offerPool(host, "bookworm-from-trixie");
      const writers = startWriters(servedBy(fleet));
      expect(well(await upgradeWith(deployment, "8.0.2", undefined, ["--standby", STANDBY]))).toEqual(WELL);
      await declareStandby(deployment);
      await deployment.settled(120_000);
      const folder = "/etc/systemd/system/redis-server.service.d";
      const dropIn = `mkdir -p ${folder}; cat >${folder}/again.conf; systemctl daemon-reload`;
      await fleet.host("r3").exec(dropIn, { input: `[Service]\n${line}\n` });
      const [primary = ""] = await deployment.primaries();
      // Started from the file of a while ago it once came up and stayed.
      await deployment.cli(STANDBY, "SAVE");
      await deployment.cli(primary, "HSET", "cart", "apple", "1");
      expect(await deployment.cli(primary, "HEXPIRE", "cart", "1000", "FIELDS", "1", "apple")).toBe("1");

      const unit = () => fleet.host("r3").exec("systemctl show -p ActiveState -p Result -p NRestarts redis-server");
      await expect.poll(unit, { timeout: 60_000, interval: 100 }).not.toContain("NRestarts=0");
      const seen = new Set<string>();
      for (let n = 0; n < 25; n += 1) {
        seen.add(
          `${(await unit()).replaceAll("\n", " ")}: ${(await findingsOf(deployment)).filter((id) => id.startsWith("rollback_standby"))}`,
        );
      }
      process.stdout.write(`${how}:\n${[...seen].join("\n")}\n`);
      expect([...seen].filter((each) => !each.endsWith(": rollback_standby_lost"))).toEqual([]);
      expect(await unit()).toContain(`ActiveState=${state}`);
      const back = await redisha([
        "rollback",
        "--file",
        deployment.file,
        "--to",
        "7.0.15",
        "--json",
        "--confirm",
        "fleet",
      ]);
      expect({ code: back.code, is: JSON.parse(back.stdout).error.code }).toEqual({
        code: 4,
        is: "UPGRADE_IS_DOWNGRADE",
      });

      const revive = ["run", "revive-standby", "--input", `node=${STANDBY}`, "--file", deployment.file];
      expect(well(await runWith([...revive, "--yes", "--confirm", "fleet"]))).toEqual(WELL);
      expect(well(await upgradeWith(deployment, "8.0.2"))).toEqual(WELL);
      await writers.stop();
      await deployment.settled(120_000);
      for (const { name } of fleet.hosts) await fleet.reboot(name).then(() => deployment.settled(120_000));
      for (const host of await wholeStandOf(fleet, deployment)) {
        const plain = {
          priority: "replica-priority\n100",
          onError: "propagation-error-behavior\nignore",
          halfDone: "",
        };
        expect(host).toMatchObject({ server: "8.0.2", sentinel: "8.0.2", failed: "", ...plain });
      }
      for (const { name } of fleet.hosts) expect(await lostOf(deployment, `${name}:6379`, writers)).toEqual([]);
      process.stdout.write(
        `revived from a unit that starts it again, ${how}: ${writers.acked.length} writes, 0 lost\n`,
      );
    },
  );
});

/** So that a standby is missed that says nothing any more. */
async function declareStandby({ file }: FleetDeployment): Promise<void> {
  const document = parseDocument(await readFile(file, "utf8"));
  document.setIn(["deployments", "fleet", "engine", "standby"], STANDBY);
  await writeFile(file, document.toString());
}

const WELL = { code: 0, status: "done", error: undefined, said: "" };

function well({ code, status, error, said }: Awaited<ReturnType<typeof runWith>>) {
  return { code, status, error, said: code === 0 ? "" : said };
}

async function findingsOf({ file }: FleetDeployment): Promise<string[]> {
  const { stdout } = await redisha(["status", "--json", "--file", file]);
  return JSON.parse(stdout).result.verdict.findings.map(({ id }: { id: string }) => id);
}

/** Of each host what runs, what a standby would have been told, and whether apt and systemd are content. */
async function wholeStandOf(fleet: Fleet, deployment: FleetDeployment) {
  const packages = await standOf(fleet, deployment);
  return Promise.all(
    fleet.hosts.map(async (host, index) => {
      const releaseOf = async (port: number) =>
        /redis_version:(\S+)/.exec(await deployment.cli(`${host.name}:${port}`, "INFO", "server"))?.[1];
      const set = (name: string) => deployment.cli(`${host.name}:6379`, "CONFIG", "GET", name);
      return {
        server: await releaseOf(6379),
        sentinel: await releaseOf(26379),
        packages: packages[index]?.replace(/^runs [^;]*; /, ""),
        priority: await set("replica-priority"),
        onError: await set("propagation-error-behavior"),
        diskless: await set("repl-diskless-load"),
        failed: await host.exec("systemctl list-units --failed --plain --no-legend 'redis*'"),
        halfDone: await host.exec("dpkg --audit"),
      };
    }),
  );
}
