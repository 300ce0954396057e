/**
 * Records what real deployments, healthy and broken, say of themselves:
 *
 *     npm run record-observations [-- NAME…]
 *
 * writes test/fixtures/observations/NAME.json: `description`, `declared` and `observations`, as observeInstance gave them.
 */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Group, type GroupOptions, startGroup } from "./group.ts";
import { until } from "./redis.ts";

const OUT = join(import.meta.dirname, "../fixtures/observations");

interface Scene {
  readonly description: string;
  readonly group: Omit<GroupOptions, "net">;
  /** What happens to it before it is looked at. */
  readonly damage?: (group: Group) => Promise<void>;
}

const SENTINELS = ["s1:26379", "s2:26379", "s3:26379"];

const SCENES: Readonly<Record<string, Scene>> = {
  "sentinel-healthy": {
    description: "Redis 7.0: a primary, two replicas and three Sentinels, all well",
    group: { kind: "sentinel" },
  },
  "sentinel-valkey-9.1": {
    description: "Valkey 9.1: a primary, two replicas and three Sentinels, all well",
    group: { kind: "sentinel", engine: "valkey-9.1" },
  },
  "sentinel-redis-6.0": {
    description: "Redis 6.0: a primary, two replicas and three Sentinels, all well; no SENTINEL MYID there",
    group: { kind: "sentinel", engine: "redis-6.0" },
  },
  "replication-sub-replica": {
    description: "Redis 7.0 without Sentinel: r1 is the primary, r2 and r3 follow it, r4 follows r2",
    group: { kind: "replication", nodes: 4, subReplica: true },
  },
  "cluster-healthy": {
    description: "Redis 7.0 cluster: three primaries with a replica each",
    group: { kind: "cluster" },
  },
  "cluster-open-slot": {
    description: "Redis 7.0 cluster: slot 100 was left migrating on its owner and importing on another primary",
    group: { kind: "cluster" },
    damage: openSlot,
  },
  "cluster-uncovered-slots": {
    description: "Redis 7.0 cluster: the owner of the first slots and its replica are dead",
    group: { kind: "cluster" },
    damage: killShard,
  },
  "sentinel-primary-killed": {
    description: "The primary r1 is dead, and the Sentinels have not yet noticed (down-after of a minute)",
    group: { kind: "sentinel", downAfterMs: 60_000 },
    damage: async (group) => {
      await group.server("r1:6379").kill();
      await linkDown(group, "r2:6379");
    },
  },
  "sentinel-after-failover": {
    description: "The primary r1 is dead; the Sentinels promoted a replica",
    group: { kind: "sentinel", downAfterMs: 1_000 },
    damage: async (group) => void (await failOver(group)),
  },
  "sentinel-two-primaries": {
    description:
      "The old primary r1 came back after a failover and still takes writes; the Sentinels have not demoted it yet",
    group: { kind: "sentinel", downAfterMs: 1_000 },
    damage: async (group) => {
      await failOver(group);
      await group.restart("r1:6379");
    },
  },
  "sentinel-two-sentinels-down": {
    description: "All data nodes well; s2 and s3 are dead, so that no failover is possible",
    group: { kind: "sentinel", downAfterMs: 1_000 },
    damage: async (group) => {
      await Promise.all([group.server("s2:26379").kill(), group.server("s3:26379").kill()]);
      await until("s1 to notice", async () =>
        (await group.cli("s1:26379", "SENTINEL", "CKQUORUM", "mymaster")).includes("NOQUORUM"),
      );
    },
  },
  "sentinel-replicas-dead": {
    description: "The primary is alive, both replicas are dead; CKQUORUM still says OK",
    group: { kind: "sentinel", downAfterMs: 1_000 },
    damage: async (group) => {
      await Promise.all([group.server("r2:6379").kill(), group.server("r3:6379").kill()]);
      await until("s1 to notice", async () => {
        const replicas = await group.cli("s1:26379", "SENTINEL", "REPLICAS", "mymaster");
        return replicas.split("s_down").length > 2;
      });
    },
  },
  "sentinel-disagreeing": {
    description: "All well, but s3 was set up anew and monitors the replica r2 as if it were the primary",
    group: { kind: "sentinel", downAfterMs: 60_000 },
    damage: async (group) => {
      const r2 = group.server("r2:6379").address;
      await group.cli("s3:26379", "SENTINEL", "REMOVE", "mymaster");
      await group.cli("s3:26379", "SENTINEL", "MONITOR", "mymaster", r2, "6379", "2");
      await until("s3 to look at it", async () =>
        (await group.cli("s3:26379", "SENTINEL", "MASTER", "mymaster")).includes("role-reported\nslave"),
      );
    },
  },
  "replication-wrong-masterauth": {
    description: "Redis 7.0 without Sentinel, with a password: r3 has a wrong masterauth, its link is down",
    group: { kind: "replication", password: "fixture-password", conf: { 3: ["masterauth not-the-password"] } },
    damage: (group) => linkDown(group, "r3:6379"),
  },
  "replication-hung-replica": {
    description: "Redis 7.0 without Sentinel: r3 is stopped (SIGSTOP) and answers nothing",
    group: { kind: "replication" },
    damage: async (group) => void group.server("r3:6379").child.kill("SIGSTOP"),
  },
};

async function linkDown(group: Group, id: string): Promise<void> {
  await until(`the link of ${id} to go down`, async () =>
    (await group.cli(id, "INFO", "replication")).includes("master_link_status:down"),
  );
}

async function failOver(group: Group): Promise<void> {
  await group.server("r1:6379").kill();
  await until("all Sentinels to name another primary", async () => {
    const address = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"];
    const first = group.instances[0]?.address ?? "";
    const views = await Promise.all(SENTINELS.map((id) => group.cli(id, ...address)));
    return new Set(views).size === 1 && !views[0]?.startsWith(`${first}\n`);
  });
  await until("the Sentinels to settle", async () => {
    const replicas = await Promise.all(SENTINELS.map((id) => group.cli(id, "SENTINEL", "REPLICAS", "mymaster")));
    const primaries = await Promise.all(SENTINELS.map((id) => group.cli(id, "SENTINEL", "MASTER", "mymaster")));
    const settled = primaries.every((text) => /^flags\nmaster$/m.test(text));
    return settled && replicas.every((text) => /^flags\nslave$/m.test(text) && /^master-link-status\nok$/m.test(text));
  });
}

async function openSlot(group: Group): Promise<void> {
  const owner = await group.cli("r1:6379", "CLUSTER", "MYID");
  const target = await group.cli("r2:6379", "CLUSTER", "MYID");
  await group.cli("r2:6379", "CLUSTER", "SETSLOT", "100", "IMPORTING", owner);
  await group.cli("r1:6379", "CLUSTER", "SETSLOT", "100", "MIGRATING", target);
}

async function killShard(group: Group): Promise<void> {
  const id = await group.cli("r1:6379", "CLUSTER", "MYID");
  const nodes = await group.cli("r1:6379", "CLUSTER", "NODES");
  const address = nodes
    .split("\n")
    .find((line) => line.includes(`slave ${id}`))
    ?.split(" ")[1]
    ?.split(":")[0];
  const replica = group.instances.find((instance) => instance.address === address)?.id ?? "";
  await Promise.all([group.server("r1:6379").kill(), group.server(replica).kill()]);
  await until("the others to notice", async () =>
    (await group.cli("r2:6379", "CLUSTER", "INFO")).includes("cluster_state:fail"),
  );
}

async function record(name: string, scene: Scene, net: string): Promise<void> {
  const group = await startGroup({ ...scene.group, net });
  try {
    await scene.damage?.(group);
    const observations = await group.observe();
    const fixture = { description: scene.description, declared: group.declared, observations };
    await writeFile(join(OUT, `${name}.json`), `${JSON.stringify(fixture, null, 2)}\n`);
    process.stderr.write(`${name}\n`);
  } finally {
    await group.stop();
  }
}

await mkdir(OUT, { recursive: true });
const wanted = process.argv.slice(2);
for (const [index, [name, scene]] of Object.entries(SCENES).entries()) {
  // A network for each scene: Sentinels of the one before must not find the next.
  if (wanted.length === 0 || wanted.includes(name)) await record(name, scene, `127.61.${index + 1}`);
}
await promisify(execFile)(join(import.meta.dirname, "../../node_modules/.bin/biome"), ["format", "--write", OUT]);
