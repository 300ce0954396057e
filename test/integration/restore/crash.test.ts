import { readdir } from "node:fs/promises";
import { expect, it } from "vitest";
import { backedUpLab, dataFolder } from "../../support/backed-up-lab.ts";
import { redisha } from "../../support/redisha.ts";

/** The steps that change something, in their order; the process is killed as soon as the first op of each has begun. */
const STEPS = [
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
];

it.each(["rollback", "resume"] as const)(
  "a restore that is killed at any step comes to an end by runs %s, without losing a write",
  { timeout: 600_000 },
  async (verb) => {
    await using place = await backedUpLab();
    const { lab } = place;
    const name = lab.status.name;
    await lab.cli("r1:6379", "SET", "was", "saved");
    expect((await place.run("backup")).error).toBeNull();
    for (const step of STEPS) {
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
  },
);
