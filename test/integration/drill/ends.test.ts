import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runbookText, runOn } from "../../support/drills.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { until } from "../../support/until.ts";

const LONG = `
steps:
  - id: start
    action: drill.start
    with: { mode: crash, expire: 10m }
    undo: none
  - { id: watch, action: drill.measure, with: { for: 5m } }
finally:
  - { id: clean, action: drill.clean, with: {}, undo: none }
`;

let lab: TestLab;
let state: string;
beforeAll(async () => {
  lab = await bringUpLab({ ssh: false });
  state = await mkdtemp(join(tmpdir(), "redisha-drill-state-"));
});
afterAll(async () => {
  await lab?.down();
  await rm(state, { recursive: true, force: true });
});

const ask = (...command: string[]) => lab.cli("r1:6379", ...command);
const keys = async () => (await ask("KEYS", "*")).split("\n").filter(Boolean);

async function connections(): Promise<number> {
  const ids = lab.status.processes.map(({ id }) => id);
  const lists = await Promise.all(ids.map((id) => lab.cli(id, "CLIENT", "LIST")));
  return lists.join("\n").split("name=redisha ").length - 1;
}

/** A drill in a process of its own that has begun to measure. */
async function drillElsewhere(): Promise<{ child: ChildProcess; run: string; lines: string[] }> {
  const file = join(state, "long.yaml");
  await writeFile(file, runbookText(LONG));
  const holder = fileURLToPath(new URL("../../support/run-holder.ts", import.meta.url));
  const child = spawn(process.execPath, [holder, lab.file, file, state], { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  await until(async () => lines.filter((line) => line.includes("drill_sample")).length > 3);
  const { run } = JSON.parse(lines[0] ?? "{}");
  return { child, run: String(run), lines };
}

describe("the end of a drill", () => {
  test("by Ctrl-C closes every connection and removes the keys", async () => {
    const pause = new AbortController();
    const stop = new AbortController();
    let samples = 0;
    const { summary } = await runOn(lab, LONG, {
      pause: pause.signal,
      signal: stop.signal,
      onEvent: ({ type }) => {
        if (type !== "drill_sample") return;
        samples += 1;
        if (samples === 4) pause.abort(new Error("Ctrl-C"));
        if (samples === 5) stop.abort(new Error("Ctrl-C again"));
      },
    });
    expect(summary.status).not.toBe("done");
    expect(await connections()).toBe(0);
    expect(await keys()).toEqual([]);
  });

  test("by a failing step leaves no thread and no socket in this process, and no key", async () => {
    const { summary, events } = await runOn(lab, LONG.replace("for: 5m", "for: 1s").replace("finally:", NEVER), {});
    expect(summary.error?.code).toBe("DRILL_NOT_REACHED");
    expect(summary.error?.message).toContain("no instance but r1:6379 says that it is primary");
    await sleep(100);
    expect(events.at(-1)?.type).toBe("run_finished");
    const left = process.getActiveResourcesInfo().filter((kind) => /TCP|TLS|Message|Worker|Immediate/.test(kind));
    expect(left).toEqual([]);
    expect(await connections()).toBe(0);
    expect(await keys()).toEqual([]);
  });

  test("by kill -9 leaves keys that expire, and that another process removes by the id of the run", async () => {
    const { child, run } = await drillElsewhere();
    child.kill("SIGKILL");
    await once(child, "exit");
    await until(async () => (await connections()) === 0);
    const left = await keys();
    expect(left.length).toBe(4);
    for (const key of left) {
      expect(key).toContain(`redisha:drill:${run}:`);
      const ttl = Number(await ask("TTL", key));
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(600);
    }
    await ask("SET", `redisha:drill:${run}0:another`, "stays");
    const { summary, outputs } = await runOn(
      lab,
      `
steps:
  - { id: clean, action: drill.clean, with: { run: "${run}" }, undo: none }
`,
    );
    expect(summary.error).toBeNull();
    expect(outputs.clean).toEqual({ removed: 4 });
    expect(await keys()).toEqual([`redisha:drill:${run}0:another`]);
    await ask("DEL", `redisha:drill:${run}0:another`);
  });

  test("with its process makes every later step that measures say so, and what to type", async () => {
    const { child, run } = await drillElsewhere();
    child.kill("SIGKILL");
    await once(child, "exit");
    const holder = fileURLToPath(new URL("../../support/run-holder.ts", import.meta.url));
    const resumed = spawn(process.execPath, [holder, lab.file, join(state, "long.yaml"), state, run], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    resumed.stdout.on("data", (chunk) => {
      text += chunk;
    });
    await once(resumed, "close");
    const summary = JSON.parse(text.trim().split("\n").at(-1) ?? "{}");
    expect(summary.error.code).toBe("DRILL_GONE");
    expect(summary.error.next).toContain(`heal and tidy up what the run left: redisha runs rollback ${run}`);
    // What comes in any case has removed the keys.
    expect(await keys()).toEqual([]);
  });
});

const NEVER = `
  - { id: never, action: drill.await, with: { until: promoted, within: 1s } }
finally:`;
