import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { showRun } from "../../src/use-cases/runs.ts";
import { backedUpLab, dataFolder } from "../support/backed-up-lab.ts";
import { ENGINE_ROOT } from "../support/engines.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { redisha } from "../support/redisha.ts";
import { heldByFewer, startSessions } from "../support/sessions.ts";
import { settled, topologyOf } from "../support/switchovers.ts";
import { until } from "../support/until.ts";
import { afterUpgrade, goBack, goBackByBackup, stateOf, upgrade, upgradeWithStandby } from "../support/upgrades.ts";
import { lostOf, startWriters } from "../support/writers.ts";

const versionsOf = async (lab: TestLab) => (await topologyOf(lab)).nodes.map(({ version }) => version);

async function findingsOf(lab: TestLab): Promise<{ id: string; subject: string; message: string }[]> {
  const { stdout } = await redisha(["status", "--json", "--file", lab.file]);
  return JSON.parse(stdout).result.verdict.findings;
}

function well({ code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }) {
  expect({ code, said: code === 0 ? "" : stdout + stderr }).toEqual({ code: 0, said: "" });
}

/** Every node is of the release, may be promoted, and ends itself at nothing. */
async function ordinary(lab: TestLab, version: string): Promise<void> {
  const { nodes } = await topologyOf(lab);
  const is = nodes.map((node) => [node.version, node.priority, node.on_replicated_error, node.diskless_load]);
  expect(is).toEqual(Array(3).fill([version, 100, "ignore", "disabled"]));
}

/** So that a standby is missed that says nothing any more. */
async function declareStandby({ file, status }: TestLab, standby: string): Promise<void> {
  const document = parseDocument(await readFile(file, "utf8"));
  document.setIn(["deployments", status.name, "engine", "standby"], standby);
  await writeFile(file, document.toString());
}

describe("an upgrade from Redis 7 to 8 that leaves a standby", () => {
  it.each(["sentinel", "replication"] as const)(
    "is gone back from by it, and nothing is lost (%s)",
    async (topology) => {
      await using lab = await bringUpLab({ topology, engine: "redis-7.0", downAfterMs: 5_000 });
      const writers = startWriters(lab, 8);
      const sessions = topology === "sentinel" ? startSessions(lab) : undefined;
      well(await upgradeWithStandby(lab, "redis-8.0", "r3:6379"));
      expect(await versionsOf(lab)).toEqual(["8.0.2", "8.0.2", "7.0.15"]);
      expect((await findingsOf(lab)).map(({ id }) => id)).toContain("rollback_standby");
      const between = writers.acked.length;
      await expect.poll(() => writers.acked.length, { timeout: 60_000 }).toBeGreaterThan(between + 500);
      well(await goBack(lab, "redis-7.0"));
      const primary = await settled(lab);
      expect(primary).toBe("r3:6379");
      await writers.stop();
      const keys = (await sessions?.stop()) ?? [];
      const lost = await lostOf(lab, primary, writers);
      await until(async () => (await heldByFewer(3, keys, lab)).length === 0).catch(() => undefined);
      const missing = await heldByFewer(3, keys, lab);
      process.stdout.write(
        `${topology}: ${writers.acked.length} writes, ${lost.length} lost; ${keys.length} keys with an expiry, ${missing.length} not on every server\n`,
      );
      expect({ lost, missing }).toEqual({ lost: [], missing: [] });
      await ordinary(lab, "7.0.15");
    },
  );

  it("ends its standby at a command that it does not know: status names it, going back by it is refused, and the backup leads back", async () => {
    await using place = await backedUpLab({
      topology: "sentinel",
      engine: "redis-7.0",
      auth: "none",
      downAfterMs: 5_000,
    });
    const { lab } = place;
    await lab.cli("r1:6379", "HSET", "cart", "apple", "1");
    well(await upgradeWithStandby(lab, "redis-8.0", "r3:6379", { backup: true }));
    await declareStandby(lab, "r3:6379");
    const primary = await settled(lab);
    expect(await lab.cli(primary, "HEXPIRE", "cart", "1000", "FIELDS", "1", "apple")).toBe("1");
    await until(async () => (await lab.ps()).find(({ id }) => id === "r3:6379")?.state === "dead");
    const lost = (await findingsOf(lab)).find(({ id }) => id === "rollback_standby_lost");
    expect(lost?.message).toContain("r3:6379 is no way back any more: it does not answer");
    const back = await goBack(lab, "redis-7.0");
    const { error } = JSON.parse(back.stdout);
    expect({ code: back.code, is: error.code }).toEqual({ code: 4, is: "UPGRADE_IS_DOWNGRADE" });
    expect(error.message).toContain("r3:6379 is no way back any more");
    expect(error.next.at(-1)).toContain("--lose");
    expect(await versionsOf(lab)).toEqual(["8.0.2", "8.0.2", null]);
    const file = join(dirname(dataFolder(lab, "r3:6379")), "redis.conf");
    const inputs = ["--input", "node=r3:6379", "--input", `config_file=${file}`];
    const argv = [
      "run",
      "revive-standby",
      ...inputs,
      "--file",
      lab.file,
      "--json",
      "--yes",
      "--confirm",
      lab.status.name,
    ];
    well(await redisha(argv, { env: stateOf(lab) }));
    well(await goBackByBackup(lab, "redis-7.0", "1gb"));
    await ordinary(lab, "7.0.15");
  });

  it("keeps what its standby has where that would need a full sync, and says that it leads back no more", async () => {
    await using lab = await bringUpLab({ topology: "sentinel", engine: "redis-7.0", downAfterMs: 5_000 });
    well(await upgradeWithStandby(lab, "redis-8.0", "r3:6379"));
    const primary = await settled(lab);
    for (let n = 0; n < 50; n += 1) await lab.cli(primary, "SET", `key:${n}`, "x");
    await expect.poll(() => lab.cli("r3:6379", "DBSIZE"), { timeout: 60_000 }).toBe("50");
    await lab.cli(primary, "CONFIG", "SET", "repl-backlog-size", "16kb");
    await lab.kill("r3:6379", "SIGSTOP");
    await lab.cli(primary, "CLIENT", "KILL", "TYPE", "replica");
    // More than the backlog holds; nobody is there to be sent it.
    for (let n = 0; n < 40; n += 1)
      await lab.cli(primary, "SETRANGE", "large", String(n * 100_000), "x".repeat(100_000));
    await lab.kill("r3:6379", "SIGCONT");
    const lost = async () => (await findingsOf(lab)).find(({ id }) => id === "rollback_standby_lost")?.message ?? "";
    await expect.poll(lost, { timeout: 120_000, interval: 1_000 }).toContain("its link is down");
    const { log } = lab.status.processes.find(({ id }) => id === "r3:6379") ?? {};
    const said = () => readFile(log ?? "", "utf8");
    await expect.poll(said, { timeout: 120_000, interval: 1_000 }).toContain("Can't handle RDB format version 12");
    expect(await lab.cli("r3:6379", "DBSIZE")).toBe("50");
    const { code, stdout } = await goBack(lab, "redis-7.0");
    expect({ code, is: JSON.parse(stdout).error.code }).toEqual({ code: 4, is: "UPGRADE_IS_DOWNGRADE" });
    expect(JSON.parse(stdout).error.message).toContain("its link is down");
    well(await upgrade(lab, "redis-8.0"));
    expect(await versionsOf(lab)).toEqual(Array(3).fill("8.0.2"));
    expect(await lab.cli("r3:6379", "STRLEN", "large")).toBe("4000000");
  });

  it("is brought to the release, too, where it is given up", async () => {
    await using lab = await bringUpLab({ topology: "sentinel", engine: "redis-7.0", downAfterMs: 5_000 });
    await lab.cli("r3:6379", "CONFIG", "SET", "replica-priority", "40");
    well(await upgradeWithStandby(lab, "redis-8.0", "r3:6379"));
    well(await upgrade(lab, "redis-8.0"));
    expect(await versionsOf(lab)).toEqual(Array(3).fill("8.0.2"));
    const { nodes } = await topologyOf(lab);
    expect(nodes.map(({ priority }) => priority)).toEqual([100, 100, 40]);
    expect(nodes[2]).toMatchObject({ on_replicated_error: "ignore", diskless_load: "disabled" });
  });
});

/** Runs it until it begins an op, and kills it there; gives the run. */
async function killedAt(lab: TestLab, argv: readonly string[], step: string, target: string): Promise<string> {
  const rest = ["--file", lab.file, "--waive", "backup", "--soak", "0s", "--confirm", lab.status.name, "-o", "jsonl"];
  const killed = await redisha([...argv, ...rest], {
    env: stateOf(lab),
    onStdout: (text, kill) => {
      if (text.includes(`"type":"op_started","step":"${step}","target":"${target}"`)) kill("SIGKILL");
    },
  });
  expect(killed.signal, `${step}: ${killed.stderr}`).toBe("SIGKILL");
  return (await showRun("last", { ...process.env, ...stateOf(lab) })).record.run;
}

describe("an upgrade that leaves a standby and is killed", () => {
  it.each([
    ["keep_back", "r3:6379"],
    ["switchover.hush", "r1:6379"],
    ["switchover.switch", "r1:6379"],
    ["switchover.speak", "r1:6379"],
  ])("at %s is gone on with, loses nothing, and says whether the standby stands", async (step, target) => {
    await using lab = await bringUpLab({ topology: "sentinel", engine: "redis-7.0", downAfterMs: 5_000 });
    const writers = startWriters(lab, 8);
    const to = ["--to", "8.0.2", "--directory", join(ENGINE_ROOT, "redis-8.0"), "--standby", "r3:6379"];
    const run = await killedAt(lab, ["upgrade", ...to], step, target);
    const { code } = await afterUpgrade(lab, "resume", run);
    const found = (await findingsOf(lab)).filter(({ id }) => id.startsWith("rollback_standby")).map(({ id }) => id);
    expect({ code, found }).toEqual(
      code === 3 ? { code: 3, found: ["rollback_standby_lost"] } : { code: 0, found: ["rollback_standby"] },
    );
    await writers.stop();
    const { nodes, primary_id } = await topologyOf(lab);
    expect(nodes.map(({ version, priority }) => [version, priority])).toEqual([
      ["8.0.2", 100],
      ["8.0.2", 100],
      ["7.0.15", 0],
    ]);
    const period = await lab.cli("r1:6379", "CONFIG", "GET", "repl-ping-replica-period");
    expect(period).toBe("repl-ping-replica-period\n10");
    const lost = await lostOf(lab, primary_id ?? "", writers);
    process.stdout.write(`killed at ${step}: ${writers.acked.length} writes, ${lost.length} lost, ${found}\n`);
    expect(lost).toEqual([]);
  });
});

describe("going back by a standby that is killed", () => {
  it.each([
    ["lift", "r3:6379"],
    ["take_over.prefer", "r1:6379"],
    ["take_over.switch", "r2:6379"],
    ["replicas[r1:6379].stop", "r1:6379"],
    ["replicas[r2:6379].clear", "r2:6379"],
    ["replicas[r2:6379].start", "r2:6379"],
    ["given_up", "r3:6379"],
  ])("at %s is gone on with, and loses nothing", async (step, target) => {
    await using lab = await bringUpLab({ topology: "sentinel", engine: "redis-7.0", downAfterMs: 5_000 });
    well(await upgradeWithStandby(lab, "redis-8.0", "r3:6379"));
    expect(await settled(lab)).toBe("r2:6379");
    const writers = startWriters(lab, 8);
    const to = ["--to", "7.0.15", "--directory", join(ENGINE_ROOT, "redis-7.0")];
    const run = await killedAt(lab, ["rollback", ...to], step, target);
    well(await afterUpgrade(lab, "resume", run));
    const primary = await settled(lab);
    await writers.stop();
    const lost = await lostOf(lab, primary, writers);
    process.stdout.write(`killed at ${step}: ${writers.acked.length} writes, ${lost.length} lost\n`);
    expect(lost).toEqual([]);
    expect(primary).toBe("r3:6379");
    await ordinary(lab, "7.0.15");
  });
});
