import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Drill } from "../../../src/drill/drill.ts";
import type { StalenessSample } from "../../../src/drill/recording.ts";
import { ackedBy, probeOf, runOn } from "../../support/drills.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { openSlowWay } from "../../support/slow-way.ts";
import { until } from "../../support/until.ts";

/** Three marks with a second of measuring behind each, at which the test does something. */
const steps = (start: string) => `
steps:
  - { id: start, action: drill.start, with: { ${start} }, undo: none }
  - { id: before, action: drill.measure, with: { for: 500ms } }
  - { id: one, action: drill.mark, with: { name: one } }
  - { id: during, action: drill.measure, with: { for: 1s } }
  - { id: two, action: drill.mark, with: { name: two } }
  - { id: after, action: drill.measure, with: { for: 1s } }
  - { id: stop, action: drill.stop, with: {} }
  - { id: found, action: drill.read_back, with: { when: promoted } }
finally:
  - { id: clean, action: drill.clean, with: {}, undo: none }
`;

let lab: TestLab;
beforeAll(async () => {
  lab = await bringUpLab({ topology: "replication", ssh: false });
});
afterAll(() => lab?.down());

const markedAt = (ran: Awaited<ReturnType<typeof runOn>>, name: string) =>
  ran.recording?.marks.find((mark) => mark.name === name)?.at ?? Number.NaN;

describe("a drill on replication without Sentinel", () => {
  test("keeps the connection where a write is refused for a reason that no other server would mend", async () => {
    const dialled: number[] = [];
    const set = async (n: string) => {
      await lab.cli("r1:6379", "CONFIG", "SET", "min-replicas-to-write", n);
      const stats = await lab.cli("r1:6379", "INFO", "stats");
      dialled.push(Number(/total_connections_received:(\d+)/.exec(stats)?.[1]));
    };
    const ran = await runOn(lab, steps("probes: { re_resolve: 1, subscriber: 1, sticky: 1 }"), {
      at: { one: () => set("9"), two: () => set("0") },
    });
    expect(ran.summary.error).toBeNull();
    for (const probe of ran.recording?.probes ?? []) {
      const errors = new Set(probe.attempts.filter(({ outcome }) => outcome !== "acked").map(({ error }) => error));
      expect([...errors]).toEqual(["NOREPLICAS"]);
    }
    // Those of the test itself.
    expect((dialled[1] ?? 0) - (dialled[0] ?? 0)).toBeLessThan(5);
    expect(ran.outputs.found).toMatchObject({ lost: 0, unknown_found: 0, refused_found: 0 });
    const writable = ran.recording?.roles.filter(({ instance }) => instance === "r1:6379").map((role) => role.writable);
    expect(writable).toEqual([true, false, true]);
  });

  test("does not hold a primary to be writable while somebody says that its writes are paused", async () => {
    const ran = await runOn(lab, steps("probes: { sticky: 1 }"), {
      at: {
        one: async (drill) => drill.mark("writes_paused", "r1:6379"),
        two: async (drill) => drill.mark("writes_resumed", "r1:6379"),
      },
    });
    const roles = ran.recording?.roles.filter(({ instance }) => instance === "r1:6379") ?? [];
    expect(roles.map(({ writable }) => writable)).toEqual([true, false, true]);
    expect((roles[1]?.at ?? 0) - markedAt(ran, "writes_paused")).toBeGreaterThanOrEqual(0);
  });

  test("reads from a replica how old its data is, and from another server when it is away", async () => {
    const ofR2 = async (drill: Drill) =>
      (await drill.recording()).staleness.filter(({ node, at }) => node === "r2:6379" && at > cutAt);
    let cutAt = Number.POSITIVE_INFINITY;
    let during: StalenessSample[] = [];
    const stale = await runOn(lab, steps("probes: { re_resolve: 1, reader: 1 }"), {
      at: {
        one: async (drill) => {
          // A dead address: the replica goes on serving what it has.
          await lab.cli("r2:6379", "REPLICAOF", "127.0.0.1", "1");
          cutAt = drill.now();
        },
        two: async (drill) => {
          await until(async () => ((await ofR2(drill)).at(-1)?.behind_writes ?? 0) > 10);
          during = await ofR2(drill);
          await lab.cli("r2:6379", "REPLICAOF", addressOf("r1:6379"), "6379");
          await until(async () => (await ofR2(drill)).at(-1)?.behind_writes === 0);
        },
      },
    });
    // What it lacks begins with the same write all the time, and grows.
    const missing = during.filter(({ behind_writes }) => behind_writes > 0);
    expect(missing.length).toBeGreaterThan(1);
    for (const [index, { at, behind_ms, behind_writes }] of missing.entries()) {
      const [first, before] = [missing[0], missing[index - 1]];
      expect(at - behind_ms).toBeCloseTo((first?.at ?? 0) - (first?.behind_ms ?? 0), 3);
      expect(behind_writes).toBeGreaterThanOrEqual(before?.behind_writes ?? 0);
    }
    const follows = stale.recording?.roles.filter(({ instance }) => instance === "r2:6379").map((role) => role.follows);
    expect(follows).toContain("127.0.0.1:1");

    const away = await runOn(lab, steps("probes: { re_resolve: 1, reader: 1 }"), {
      at: {
        one: () => lab.kill("r2:6379"),
        two: async (drill) => {
          await until(async () => ackedBy(probeOf(await drill.recording(), "reader")).at(-1)?.node === "r3:6379");
          await lab.restart("r2:6379");
        },
      },
    });
    const reader = probeOf(away.recording, "reader");
    expect(ackedBy(reader)[0]?.node).toBe("r2:6379");
    expect(away.outputs.found).toMatchObject({ lost: 0 });
  });

  test("begins also where logging in takes longer than its clients would wait for an answer", async () => {
    await using alone = await bringUpLab({ topology: "replication", replicas: 0, ssh: false });
    const [{ address, port } = { address: "", port: 0 }] = alone.status.processes;
    await using way = await openSlowWay({ address, port }, 700);
    const file = join(alone.root, "by-the-slow-way.yaml");
    const declared = (await readFile(alone.file, "utf8")).replaceAll(address, "127.0.0.1");
    await writeFile(file, declared.replace(/port: \d+/, `port: ${way.port}`));
    const ran = await runOn(alone, steps("probes: { re_resolve: 1, sticky: 1 }"), { file });
    expect(ran.summary.error).toBeNull();
    expect(ran.outputs.found).toMatchObject({ lost: 0 });
  });

  test("finds a new primary by asking the servers themselves", async () => {
    const ran = await runOn(lab, steps("probes: { re_resolve: 1, sticky: 1 }"), {
      at: {
        one: async () => {
          await lab.cli("r3:6379", "REPLICAOF", "NO", "ONE");
          await lab.cli("r1:6379", "REPLICAOF", addressOf("r3:6379"), "6379");
        },
      },
    });
    expect(ackedBy(probeOf(ran.recording, "re_resolve")).at(-1)?.node).toBe("r3:6379");
    expect(probeOf(ran.recording, "sticky").attempts.at(-1)).toMatchObject({ outcome: "refused", error: "READONLY" });
    expect(ran.recording?.new_primary).toBe("r3:6379");
    await lab.cli("r1:6379", "REPLICAOF", "NO", "ONE");
    await lab.cli("r3:6379", "REPLICAOF", addressOf("r1:6379"), "6379");
    await until(async () => (await lab.cli("r3:6379", "ROLE")).includes("connected"));
  });

  test("ends by itself at its limit, and starts anew in the same run without the writes of the one before", async () => {
    const again = `
  - { id: again, action: drill.start, with: { probes: { sticky: 1 }, rate: 50 }, undo: none }
  - { id: little, action: drill.measure, with: { for: 500ms } }
  - { id: anew, action: drill.read_back, with: { when: promoted } }
finally:`;
    const ran = await runOn(lab, steps("probes: { sticky: 1 }, limit: 1s").replace("finally:", again));
    expect(ran.summary.error).toBeNull();
    const { acked: first } = Object(ran.outputs.found);
    expect(first).toBeGreaterThan(0);
    expect(ran.outputs.after).toMatchObject({ acked: 0 });
    expect(ran.outputs.anew).toMatchObject({ lost: 0 });
    // Its probe goes on writing until the keys are removed.
    expect(Object(ran.outputs.anew).acked).toBeLessThanOrEqual(ackedBy(probeOf(ran.recording, "sticky")).length);
    expect(await lab.cli("r1:6379", "KEYS", "*")).toBe("");
  });
});

function addressOf(id: string): string {
  return lab.status.processes.find((each) => each.id === id)?.address ?? "";
}
