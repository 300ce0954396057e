import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadInventory } from "../../../src/inventory/load-inventory.ts";
import type { Deployment } from "../../../src/inventory/model.ts";
import { checkBackups } from "../../../src/use-cases/backup/check-backups.ts";
import { followBackups } from "../../../src/use-cases/backup/follow-backups.ts";
import { verifyBackups } from "../../../src/use-cases/backup/verify-backups.ts";
import { type BackedUpLab, backedUpLab } from "../../support/backed-up-lab.ts";
import { momentOf } from "../../support/moments.ts";
import { until } from "../../support/until.ts";

const { signal } = new AbortController();
const config = { appendonly: "yes", "aof-timestamp-enabled": "yes", "auto-aof-rewrite-percentage": "0" };
const HOUR = 3_600_000;

let place: BackedUpLab;
let deployment: Deployment;
let folder: string;
/** Objects that were stored, from the folder of what is followed. */
let names: string[];

const follow = () => followBackups(deployment, { everyMs: 1, keepMs: HOUR, once: true, signal, tell: () => undefined });
const verify = (level: "stored" | "rdb" | "restore") =>
  verifyBackups(deployment, { level, ids: "all", identities: [], signal, progress: () => undefined });
const check = (followedWithinMs = HOUR) => checkBackups(deployment, { followedWithinMs }, { signal });

beforeAll(async () => {
  place = await backedUpLab({ topology: "replication", replicas: 0, config });
  const [declared] = (await loadInventory(place.lab.file)).deployments;
  if (!declared) throw new Error("the lab has no deployment");
  deployment = declared;
  const write = (key: string) => place.lab.cli("r1:6379", "SET", key, "value");
  await write("one");
  await follow();
  await place.lab.cli("r1:6379", "BGREWRITEAOF");
  await until(async () =>
    (await place.lab.cli("r1:6379", "INFO", "persistence")).includes("aof_rewrite_in_progress:0"),
  );
  await write("two");
  await follow();
  await write("three");
  await until(async () => (await follow()).shards[0]?.reaches !== null);
  folder = join(place.root, deployment.name, "follow");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  names = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith("locks") && entry.name !== "verified.json")
    .map(({ parentPath, name }) => join(parentPath, name));
});
afterAll(() => place[Symbol.asyncDispose]());

describe("what is followed", () => {
  it("is whole at every level, and all that was written is there when it is loaded", async () => {
    for (const level of ["stored", "rdb", "restore"] as const) {
      const { exit, followed } = await verify(level);
      expect({ level, exit, followed }).toMatchObject({ exit: 0, followed: [{ ok: true, problems: [] }] });
      if (level === "restore") expect(followed[0]).toMatchObject({ keys: 3 });
    }
    expect(names.length).toBeGreaterThan(8);
  });

  it("is found to be damaged by any bit, any truncation and any swap of what is stored", async () => {
    for (const [index, name] of names.entries()) {
      const good = await readFile(name);
      const flipped = Buffer.from(good);
      const at = (index * 7_919) % good.length;
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (index % 7));
      const other = await readFile(names[(index + 1) % names.length] ?? "");
      for (const [what, bad] of [
        ["flipped", flipped],
        ["cut", good.subarray(0, -2)],
        ["swapped", other],
      ] as const) {
        await writeFile(name, bad);
        const { exit, followed } = await verify("stored");
        expect({ name, what, at, exit }).toMatchObject({ exit: 10 });
        expect(followed.flatMap(({ problems }) => problems)).not.toEqual([]);
        // A check reads no payload: it sees what the verification wrote down, or sees for itself.
        expect((await check()).exit, `${what} ${name}`).toBe(10);
      }
      await writeFile(name, good);
      expect((await verify("stored")).exit).toBe(0);
    }
  });

  it("that was said to reach further than it does is refused, and never restored to less than was written", async () => {
    const head = names.find((name) => name.endsWith("head.json")) ?? "";
    const good = await readFile(head, "utf8");
    const at = Number(/"at": (\d+)/.exec(good)?.[1]);
    await writeFile(head, good.replace(String(at), String(at + 3_600)));
    const moment = { at: momentOf(at + 1_800) };
    expect((await place.run("restore-scratch", moment)).error?.code).toBe("PITR_OUTSIDE_WINDOW");
    await writeFile(head, good);
    expect((await verify("stored")).exit).toBe(0);
  });

  it("is complained of where it ends too long ago", async () => {
    const codes = async (within: number) => (await check(within)).findings.map(({ code }) => code);
    expect(await codes(HOUR)).toEqual(["no-backup"]);
    expect(await codes(1)).toContain("follow-behind");
    expect((await check(1)).exit).toBe(4);
  });

  it("is gone on with from a new base where its records are damaged", async () => {
    const record = names.find((name) => /i-\d+-\d+\.json$/.test(name)) ?? "";
    const good = await readFile(record, "utf8");
    await writeFile(record, good.replace(/"offset": 0/, '"offset": 8'));
    const lines: string[] = [];
    await followBackups(deployment, {
      ...{ everyMs: 1, keepMs: HOUR, once: true, signal },
      tell: (line) => lines.push(line),
    });
    expect(lines.join("\n")).toMatch(/beginning anew, for what is stored is damaged[\s\S]*base \d+ stored/);
  });
});
