import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ackedBy,
  CLOCKS_MS,
  independentClient,
  longestGap,
  longestSilence,
  probeOf,
  promotedAt,
  runOn,
} from "../../support/drills.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { until } from "../../support/until.ts";

/** The last shard: the hash tag must fall into it, and nothing may depend on its being the first. */
const steps = (shard: string) => `
steps:
  - id: start
    action: drill.start
    with: { mode: crash, shard: "${shard}" }
    undo: none
  - { id: baseline, action: drill.measure, with: { for: 1s } }
  - { id: fault, action: drill.mark, with: { name: fault } }
  - { id: promoted, action: drill.await, with: { until: promoted, within: 40s } }
  - { id: writable, action: drill.await, with: { until: writable, within: 40s } }
  - { id: clients, action: drill.await, with: { until: clients_back, within: 30s } }
  - { id: healed, action: drill.mark, with: { name: healed } }
  - { id: redundant, action: drill.await, with: { until: redundant, within: 60s } }
  - { id: stop, action: drill.stop, with: {} }
  - { id: found, action: drill.read_back, with: { when: rejoined } }
finally:
  - { id: clean, action: drill.clean, with: {}, undo: none }
`;

let lab: TestLab;
beforeAll(async () => {
  lab = await bringUpLab({ topology: "cluster", downAfterMs: 2_000 });
});
afterAll(() => lab?.down());

interface LastShard {
  readonly shard: string;
  readonly primary: string;
  readonly replica: string;
}

/** The last shard, once gossip of a failover has come to the node that is asked, which has nothing to do with it. */
async function lastShard(): Promise<LastShard> {
  let last: LastShard = { shard: "", primary: "", replica: "" };
  await until(async () => {
    last = await lastShardNow();
    return last.replica !== "";
  });
  return last;
}

async function lastShardNow(): Promise<LastShard> {
  const lines = (await lab.cli("r1:6379", "CLUSTER", "NODES")).split("\n").map((line) => line.split(" "));
  const idOf = (address = "") =>
    lab.status.processes.find((each) => address.startsWith(`${each.address}:${each.port}@`))?.id;
  const primary = lines.find((words) => words[8]?.endsWith("-16383"));
  const replica = lines.find((words) => words[3] === primary?.[0]);
  return { shard: primary?.[8] ?? "", primary: idOf(primary?.[1]) ?? "", replica: idOf(replica?.[1]) ?? "" };
}

describe("a drill on one shard of a cluster", () => {
  test("measures CLUSTER FAILOVER, which loses nothing and takes a moment", async () => {
    const { shard, replica } = await lastShard();
    const ran = await runOn(lab, steps(shard), { at: { fault: () => lab.cli(replica, "CLUSTER", "FAILOVER") } });
    expect(ran.summary.error).toBeNull();
    expect(ran.outputs.found).toMatchObject({ node: replica, lost: 0, refused_found: 0 });
    expect(ran.recording?.new_primary).toBe(replica);
    const subscriber = probeOf(ran.recording, "subscriber");
    expect(new Set(ackedBy(subscriber).map(({ node }) => node)).size).toBe(2);
    expect(subscriber.attempts.map(({ error }) => error)).toContain("MOVED");
    expect(longestGap(subscriber)).toBeLessThan(1_500);
  });

  test("measures a crash: who suspected, who agreed, when writes went on, and that nothing was lost", async () => {
    const { shard, primary, replica } = await lastShard();
    // The tag is of the last shard.
    const client = independentClient(lab, "independent:{a}");
    let struck = 0;
    const ran = await runOn(lab, steps(shard), {
      at: {
        fault: async () => {
          await lab.kill(primary);
          struck = Date.now();
        },
        healed: () => lab.restart(primary),
      },
    });
    const { longest } = await client.stop();
    await lab.cli(replica, "DEL", "independent:{a}");
    expect(ran.summary.error).toBeNull();
    const { recording } = ran;
    if (!recording) throw new Error("nothing was recorded");
    const promoted = await promotedAt(lab, replica);
    for (const silence of [longestSilence(recording, probeOf(recording, "subscriber")), longest]) {
      expect(silence.sent_at).toBeLessThanOrEqual(struck + CLOCKS_MS);
      expect(silence.acked_at).toBeGreaterThanOrEqual(promoted - CLOCKS_MS);
    }
    expect(ran.outputs.found).toMatchObject({ node: replica, lost: 0, refused_found: 0 });
    const said =
      ran.recording?.cluster_samples.filter(({ about }) => about === primary).map(({ state }) => state) ?? [];
    expect(said).toContain("fail");
    expect(ran.recording?.shard).toBe(shard);
    const phases = ran.events.flatMap((event) => (event.type === "drill_phase" ? [event.phase] : []));
    expect(phases).toEqual(expect.arrayContaining(["fault", "fail", "promoted", "first_write", "redundant"]));
    expect(longestGap(probeOf(ran.recording, "re_resolve"))).toBeGreaterThan(2_000);
    for (const id of lab.status.processes.filter((each) => each.service === "redis").map((each) => each.id)) {
      // To a replica that has just come back, the removal is sent up to a second later.
      await expect.poll(() => lab.cli(id, "DBSIZE"), { timeout: 10_000 }).toBe("0");
    }
  });

  test("is refused for a shard that is not there, and names those that are", async () => {
    const { summary } = await runOn(lab, steps("1-2"));
    expect(summary.error?.code).toBe("DRILL_NO_SUCH_SHARD");
    expect(summary.error?.next.join()).toContain((await lastShard()).shard);
  });
});
