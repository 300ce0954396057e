import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Recording } from "../../../src/drill/recording.ts";
import {
  ackedBy,
  CLOCKS_MS,
  independentClient,
  longestGap,
  longestSilence,
  probeOf,
  promotedAt,
  type RanDrill,
  runOn,
} from "../../support/drills.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { until } from "../../support/until.ts";

/**
 * What every one of these drills does; the test causes the fault at the mark of that name, and heals it at the other: when
 * all clients are back, since one that is still on its way to the old primary would be let in there, and lose its writes.
 */
const STEPS = `
steps:
  - id: start
    action: drill.start
    with: { mode: crash, probes: { re_resolve: 2, subscriber: 1, sticky: 1, wait_1: 1, reader: 1 } }
    undo: none
  - id: baseline
    action: drill.measure
    with: { for: 2s }
  - { id: fault, action: drill.mark, with: { name: fault } }
  - { id: promoted, action: drill.await, with: { until: promoted, within: 30s } }
  - { id: writable, action: drill.await, with: { until: writable, within: 30s } }
  - { id: at_first, action: drill.read_back, with: { when: promoted } }
  - { id: clients, action: drill.await, with: { until: clients_back, within: 30s } }
  - { id: healed, action: drill.mark, with: { name: healed } }
  - { id: back, action: drill.await, with: { until: old_primary_back, within: 60s } }
  - { id: redundant, action: drill.await, with: { until: redundant, within: 60s } }
  - { id: stop, action: drill.stop, with: {} }
  - { id: at_last, action: drill.read_back, with: { when: rejoined } }
finally:
  - { id: clean, action: drill.clean, with: {}, undo: none }
`;

let lab: TestLab;
beforeAll(async () => {
  // Not so short that a busy machine looks like a second crash.
  lab = await bringUpLab({ downAfterMs: 3_000 });
});
afterAll(() => lab?.down());

/** Where the primary is, by a Sentinel that redisha does not ask. */
async function primary(): Promise<string> {
  const [address] = (await lab.cli("r2:26379", "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")).split("\n");
  return lab.status.processes.find((each) => each.address === address && each.service === "redis")?.id ?? "";
}

/** What is in the lists, asked by redis-cli: by probe. */
async function listsOn(id: string, recording: Recording): Promise<Map<string, Set<number>>> {
  const lists = new Map<string, Set<number>>();
  for (const { name, kind } of recording.probes) {
    if (kind === "reader") continue;
    const text = await lab.cli(id, "LRANGE", `redisha:drill:${recording.run}:${name}`, "0", "-1");
    lists.set(name, new Set(text.split("\n").filter(Boolean).map(Number)));
  }
  return lists;
}

/** Lost by probe: as reported last, and as an independent look finds it. */
function lossesOf({ recording }: RanDrill, lists: ReadonlyMap<string, ReadonlySet<number>>) {
  const reported: Record<string, readonly number[]> = {};
  const found: Record<string, readonly number[]> = {};
  for (const probe of recording?.probes ?? []) {
    if (probe.kind === "reader") continue;
    const there = lists.get(probe.name);
    found[probe.name] = ackedBy(probe)
      .map(({ seq }) => seq)
      .filter((seq) => !there?.has(seq));
    const rows = recording?.read_backs.filter((row) => row.probe === probe.name && row.when === "rejoined");
    reported[probe.name] = rows?.at(-1)?.lost ?? [];
  }
  return { reported, found };
}

async function drill(cause: (old: string) => Promise<unknown>, heal: (old: string) => Promise<unknown>) {
  const old = await primary();
  let lists: Map<string, Set<number>> | undefined;
  const ran = await runOn(lab, STEPS, {
    at: { fault: () => cause(old), healed: () => heal(old) },
    beforeClean: async (running) => {
      lists = await listsOn(await primary(), await running.recording());
    },
  });
  return { old, ran, ...lossesOf(ran, lists ?? new Map()) };
}

const nothing = async () => undefined;

describe("a drill on Sentinel", () => {
  test("sees that a bare SENTINEL FAILOVER loses acknowledged writes, and how many exactly", async () => {
    const { old, ran, reported, found } = await drill(
      () => lab.cli("r1:26379", "SENTINEL", "FAILOVER", "mymaster"),
      nothing,
    );
    expect(ran.summary.error).toBeNull();
    expect(reported).toEqual(found);
    // They keep their connections: the old primary takes writes for some ten seconds after the promotion.
    expect(found["re_resolve-1"]?.length).toBeGreaterThan(100);
    expect(found["sticky-1"]?.length).toBeGreaterThan(100);
    // A naive look at the time without writes shows nothing of that.
    expect(longestGap(probeOf(ran.recording, "sticky"))).toBeLessThan(1_000);
    expect(ran.recording?.old_primary).toBe(old);
    expect(ran.recording?.new_primary).toBe(await primary());
    const both = ran.recording?.roles.filter(({ writable }) => writable).map(({ instance }) => instance);
    expect(new Set(both).size).toBe(2);
  });

  test("after kill -9 finds the writes of clients that stay with a returning primary lost, and no others", async () => {
    const { ran, old, reported, found } = await drill(
      (id) => lab.kill(id),
      (id) => lab.restart(id),
    );
    expect(ran.summary.error).toBeNull();
    expect(reported).toEqual(found);
    expect(found["sticky-1"]?.length).toBeGreaterThan(100);
    for (const name of ["re_resolve-1", "re_resolve-2", "subscriber-1", "wait_1-1"]) expect(found[name]).toEqual([]);
    const errors = new Set(probeOf(ran.recording, "re_resolve").attempts.map(({ error }) => error));
    expect(errors).toContain("ECONNREFUSED");
    // Nothing that was refused is there, and what had no answer is counted for itself.
    for (const row of ran.recording?.read_backs ?? []) expect(row.refused_found).toEqual([]);
    const phases = ran.events.flatMap((event) => (event.type === "drill_phase" ? [event.phase] : []));
    expect(phases.filter((phase) => ORDER.includes(phase))).toEqual(ORDER);
    // Clients that ask the leader write before it has told everybody.
    expect(phases.indexOf("switch_master")).toBeGreaterThan(phases.indexOf("promoted"));
    expect(ran.recording?.roles.filter(({ instance, answers }) => instance === old && !answers)).not.toEqual([]);
    expect(ran.recording?.sentinel_events.filter(({ channel }) => channel === "+sdown").length).toBeGreaterThan(1);
  });

  test("after SIGSTOP counts writes without an answer as unknown, and loses none of clients that look around", async () => {
    const { ran, reported, found } = await drill(
      (id) => lab.kill(id, "SIGSTOP"),
      (id) => lab.kill(id, "SIGCONT"),
    );
    expect(ran.summary.error).toBeNull();
    expect(reported).toEqual(found);
    expect(found["sticky-1"]?.length).toBeGreaterThan(100);
    for (const name of ["re_resolve-1", "re_resolve-2", "subscriber-1", "wait_1-1"]) expect(found[name]).toEqual([]);
    const unknown = probeOf(ran.recording, "re_resolve").attempts.filter(({ outcome }) => outcome === "unknown");
    expect(unknown.map(({ error }) => error)).toContain("TIMEOUT");
  });

  // How exactly they agree on a quiet machine is measured by the soak of failover-test; this holds on any.
  test.each(["SIGKILL", "SIGSTOP"] as const)(
    "has the fault of %s and the promotion within the outage of every client, as those of their own processes and logs have",
    async (signal) => {
      const clients = [
        independentClient(lab, "independent:asking"),
        independentClient(lab, "independent:following", { follow: true }),
      ];
      let struck = 0;
      const { ran, old } = await drill(
        async (id) => {
          await lab.kill(id, signal);
          struck = Date.now();
        },
        (id) => (signal === "SIGKILL" ? lab.restart(id) : lab.kill(id, "SIGCONT")),
      );
      const logs = await Promise.all(clients.map(({ stop }) => stop()));
      const now = await primary();
      await until(async () => (await lab.cli(old, "INFO", "replication")).includes("master_link_status:up"));
      await lab.cli(now, "DEL", "independent:asking", "independent:following");
      expect(ran.summary.error).toBeNull();
      const { recording } = ran;
      if (!recording) throw new Error("nothing was recorded");
      const probes = [probeOf(recording, "subscriber"), probeOf(recording, "re_resolve")];
      const promoted = await promotedAt(lab, now);
      for (const silence of [
        ...probes.map((probe) => longestSilence(recording, probe)),
        ...logs.map(({ longest }) => longest),
      ]) {
        expect(silence.sent_at).toBeLessThanOrEqual(struck + CLOCKS_MS);
        expect(silence.acked_at).toBeGreaterThanOrEqual(promoted - CLOCKS_MS);
      }
    },
  );

  test("leaves neither keys nor connections behind", async () => {
    const ids = lab.status.processes.filter(({ id }) => /:\d*6379$/.test(id)).map(({ id }) => id);
    for (const id of ids) expect(await lab.cli(id, "CLIENT", "LIST")).not.toContain("name=redisha");
    expect(await lab.cli(await primary(), "KEYS", "*")).toBe("");
  });
});

const ORDER = ["fault", "sdown", "odown", "elected", "promoted", "first_write", "old_primary_back"];
