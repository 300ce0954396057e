import { readdir } from "node:fs/promises";
import { expect } from "vitest";
import { backedUpLab, dataFolder } from "./backed-up-lab.ts";
import { redisha } from "./redisha.ts";

/** The steps of a restore that change something, in their order. */
export const RESTORE_STEPS = [
  "stage",
  "freeze",
  "last_save",
  "stop_replicas",
  "stop_primaries",
  "aside",
  "install",
  "start_primaries",
  "start_replicas",
  "unfreeze",
] as const;

/**
 * Kills a restore as soon as the first op of each of these steps has begun, and lets `runs resume` or `runs rollback` bring
 * it to an end: no write is lost, and nothing is left behind. Traps: 15, 17.
 */
export async function expectToSurviveKills(
  verb: "rollback" | "resume",
  steps: readonly (typeof RESTORE_STEPS)[number][],
): Promise<void> {
  await using place = await backedUpLab();
  const { lab } = place;
  const name = lab.status.name;
  await lab.cli("r1:6379", "SET", "was", "saved");
  expect((await place.run("backup")).error).toBeNull();
  for (const step of steps) {
    await lab.cli("r1:6379", "DEL", "was");
    await lab.cli("r1:6379", "SET", "is", step);
    const argv = ["restore", "--file", lab.file, "--confirm", name, "-o", "jsonl"];
    const killed = await redisha(argv, {
      onStdout: (text, kill) => {
        if (text.includes(`"type":"op_started","step":"${step}"`) || text.includes(`"step":"${step}","target"`))
          kill("SIGKILL");
      },
    });
    expect(killed.signal, `${step}: ${killed.stderr}`).toBe("SIGKILL");
    const run = /"run":"([^"]+)"/.exec(killed.stdout)?.[1] ?? "";
    const ended = await redisha(["runs", verb, run, "--file", lab.file, "--confirm", name, "--json"]);
    expect(ended.code, `${verb} behind ${step}: ${ended.stdout.slice(-1500)}${ended.stderr.slice(-500)}`).toBe(0);
    for (const node of ["r1:6379", "r2:6379", "r3:6379"]) {
      const value = () => lab.cli(node, "MGET", "was", "is");
      await expect.poll(value, { timeout: 30_000 }).toBe(verb === "resume" ? "saved" : `\n${step}`);
      const left = (await readdir(dataFolder(lab, node))).filter((file) => file.startsWith(".redisha-restore"));
      expect(left).toEqual([]);
    }
    for (const sentinel of ["r1:26379", "r2:26379", "r3:26379"]) {
      expect(await lab.cli(sentinel, "SENTINEL", "MASTER", "mymaster")).toMatch(/down-after-milliseconds\n1000\n/);
    }
    await expect
      .poll(() => lab.cli("r1:26379", "SENTINEL", "MASTER", "mymaster"), { timeout: 30_000 })
      .toMatch(/flags\nmaster\n/);
  }
}
