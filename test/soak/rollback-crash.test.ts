import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { showRun } from "../../src/use-cases/runs.ts";
import { type BackedUpLab, backedUpLab } from "../support/backed-up-lab.ts";
import { ENGINE_ROOT } from "../support/engines.ts";
import { redisha } from "../support/redisha.ts";
import { settled, topologyOf } from "../support/switchovers.ts";
import { afterUpgrade, goBackByBackup, stateOf, upgradeBehindBackup } from "../support/upgrades.ts";

/** Steps of going back by a backup that change something, in their order. */
const STEPS = [
  ...["data.stage", "data.freeze", "data.last_save", "data.hold", "data.stop_replicas", "data.stop_primaries"],
  ...["data.aside", "data.turn", "data.fit", "data.install", "data.start_primaries", "data.start_replicas"],
  ...["data.unfreeze", "sentinels[r1:26379].s_stop", "sentinels[r2:26379].s_turn", "sentinels[r3:26379].s_start"],
];

describe("going back by a backup that does not get through", () => {
  let place: BackedUpLab;
  let primary = "";
  beforeAll(async () => {
    place = await backedUpLab({ topology: "sentinel", engine: "redis-7.0", auth: "none", downAfterMs: 5_000 });
    await place.lab.cli("r1:6379", "SET", "was", "before");
    const { code, stderr } = await upgradeBehindBackup(place.lab, "redis-8.0");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  }, 900_000);
  afterAll(() => place?.[Symbol.asyncDispose]());

  async function write(value: string): Promise<void> {
    primary = await settled(place.lab);
    await place.lab.cli(primary, "SET", "is", value);
  }
  /** Kills it at the first op of a step. */
  async function killedAt(step: string): Promise<string> {
    const { lab } = place;
    const to = ["--to", "7.0.15", "--directory", join(ENGINE_ROOT, "redis-7.0"), "--lose", "1gb"];
    const argv = ["rollback", "--file", lab.file, ...to, "--confirm", lab.status.name, "-o", "jsonl"];
    const killed = await redisha(argv, {
      env: stateOf(lab),
      onStdout: (text, kill) => {
        if (text.includes(`"type":"op_started","step":"${step}"`)) kill("SIGKILL");
      },
    });
    expect(killed.signal, `${step}: ${killed.stderr}`).toBe("SIGKILL");
    return (await showRun("last", { ...process.env, ...stateOf(lab) })).record.run;
  }
  async function holds(version: string, value: string): Promise<void> {
    const status = () => redisha(["status", "--file", place.lab.file]).then(({ code }) => code);
    await expect.poll(status, { timeout: 90_000, interval: 1_000 }).toBe(0);
    const { nodes, sentinels } = await topologyOf(place.lab);
    const releases = (step: readonly { version: string | null }[]) => [...new Set(step.map((each) => each.version))];
    expect(releases(nodes)).toEqual([version]);
    // Any mix of Sentinels works; those that were brought back already are brought on by the next run.
    if (version === "7.0.15") expect(releases(sentinels)).toEqual([version]);
    for (const { id } of nodes) {
      const held = () => place.lab.cli(id, "MGET", "was", "is");
      await expect.poll(held, { timeout: 30_000 }).toBe(value === "" ? "before" : `before\n${value}`);
    }
  }

  it("is taken back as a whole where the older release does not start", async () => {
    await write("broken");
    const folder = join(place.lab.root, "broken", "bin");
    await mkdir(folder, { recursive: true });
    const says =
      'case $1 in --version) echo "Redis server v=7.0.15 sha=0" ;; *) echo "Fatal error: no such thing"; exit 1 ;; esac';
    await writeFile(join(folder, "redis-server"), `#!/bin/sh\n${says}\n`, { mode: 0o755 });
    const to = ["--to", "7.0.15", "--directory", join(place.lab.root, "broken"), "--lose", "1gb", "--json"];
    const argv = ["rollback", "--file", place.lab.file, ...to, "--confirm", place.lab.status.name];
    const { code, stdout } = await redisha(argv, { env: stateOf(place.lab) });
    const { error } = JSON.parse(stdout);
    expect({ failed: code !== 0, is: error.code }).toEqual({ failed: true, is: "SERVICE_DIED" });
    expect(error.message).toContain("Fatal error: no such thing");
    await holds("8.0.2", "broken");
  });

  it.each(STEPS)("that is killed at %s is taken back, and nothing is lost", async (step) => {
    await write(step);
    const run = await killedAt(step);
    const { code, stderr } = await afterUpgrade(place.lab, "rollback", run);
    expect({ code, said: code === 0 ? "" : stderr }).toEqual({ code: 0, said: "" });
    await holds("8.0.2", step);
    process.stdout.write(`${step}: taken back\n`);
  });

  it("that is killed while servers start is gone on with, and ends under the older release", async () => {
    await write("resumed");
    const run = await killedAt("data.start_primaries");
    const { code, stderr } = await afterUpgrade(place.lab, "resume", run);
    expect({ code, said: code === 0 ? "" : stderr }).toEqual({ code: 0, said: "" });
    await holds("7.0.15", "");
    const again = await goBackByBackup(place.lab, "redis-7.0", "1gb");
    expect({ code: again.code, is: JSON.parse(again.stdout).error.code }).toEqual({ code: 4, is: "ASSERT_FAILED" });
  });
});
