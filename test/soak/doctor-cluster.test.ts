import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { doctor, evidenceOf, mend } from "../support/doctor.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { until } from "../support/until.ts";

const PRIMARY = "r1:6379";
const BUSY = "local s=redis.call('TIME') repeat local n=redis.call('TIME') until (n[1]-s[1])*1000000+n[2]-s[2]>200000";

/** What is tried with one primary on every change of the code, in one shard of a Cluster. */
describe("doctor of one shard of a Cluster, with users and TLS", () => {
  let lab: TestLab;
  let replica: string;
  /** In a slot of this shard. */
  let key: string;

  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", auth: "acl", tls: true, downAfterMs: 5_000 });
    const port = /^slave\d+:ip=(\S+?),/m.exec(await lab.cli(PRIMARY, "INFO", "replication"))?.[1];
    replica = lab.status.processes.find(({ address, service }) => address === port && service === "redis")?.id ?? "";
    for (let at = 0; ; at += 1) {
      key = `{k${at}}`;
      if (Number(await lab.cli(PRIMARY, "CLUSTER", "KEYSLOT", key)) <= 5460) break;
    }
  });
  afterAll(() => lab?.down());

  const set = (id: string, name: string, value: string) => lab.cli(id, "CONFIG", "SET", name, value);
  const info = async (id: string, field: string) =>
    new RegExp(`^${field}:(.*)$`, "m").exec(await lab.cli(id, "INFO").catch(() => ""))?.[1]?.trim();
  const linked = async () => (await info(replica, "master_link_status")) === "up";

  it("finds a replica that cannot log in, and lets it in", async () => {
    await set(replica, "masterauth", "not-the-one");
    await lab.cli(replica, "CLIENT", "KILL", "TYPE", "master");
    await until(async () => /WRONGPASS/.test(await lab.cli(PRIMARY, "INFO", "errorstats")));
    const found = (await doctor(lab.file, "replica-behind")).of("wrong-masterauth");
    expect(found).toMatchObject({ confidence: "certain", subjects: [replica, PRIMARY] });
    expect(evidenceOf(found)).toMatch(/ACL LOG: refused a login of replication/);
    await mend(lab.file, found);
    await until(linked);
  });

  it("finds too few replicas for a write", async () => {
    await set(PRIMARY, "min-replicas-to-write", "2");
    await until(async () => (await lab.cli(PRIMARY, "SET", key, "1")).startsWith("NOREPLICAS"));
    const found = (await doctor(lab.file, "NOREPLICAS")).of("too-few-replicas");
    expect(found.subjects).toContain(PRIMARY);
    await mend(lab.file, found);
    expect(await lab.cli(PRIMARY, "SET", key, "1")).toBe("OK");
  });

  it("finds a storm of full syncs, and ends it", async () => {
    await set(PRIMARY, "repl-backlog-size", "16kb");
    await set(PRIMARY, "client-output-buffer-limit", "replica 200kb 0 0");
    await lab.kill(replica, "SIGSTOP");
    const cutOff = async () => (await info(PRIMARY, "connected_slaves")) === "0";
    for (let at = 0; !(await cutOff()) && at < 200; at += 1) {
      await lab.cli(PRIMARY, "EVAL", "redis.call('SET', KEYS[1], string.rep('x', 2000000))", "1", `${key}:${at % 4}`);
    }
    await lab.kill(replica, "SIGCONT");
    await until(linked);
    const found = (await doctor(lab.file, "full-syncs")).of("full-syncs");
    expect(found.subjects).toContain(PRIMARY);
    await mend(lab.file, found);
    expect((await lab.cli(PRIMARY, "CONFIG", "GET", "repl-backlog-size")).split("\n")[1]).not.toBe("16384");
  });

  it("finds memory that is used up, and gives more", async () => {
    await set(PRIMARY, "maxmemory", String(Number(await info(PRIMARY, "used_memory")) + 100_000));
    await until(async () =>
      (await lab.cli(PRIMARY, "SETRANGE", `${key}:${Math.random()}`, "50000", "x")).startsWith("OOM"),
    );
    const found = (await doctor(lab.file, "OOM")).of("memory-full");
    expect(found.subjects).toEqual([PRIMARY]);
    await mend(lab.file, found);
    expect(await lab.cli(PRIMARY, "SET", key, "1")).toBe("OK");
  });

  it("finds slow commands, and a script that never ends, and ends that", async () => {
    await lab.cli(PRIMARY, "EVAL", BUSY, "0");
    expect((await doctor(lab.file, "slow")).of("slow-commands").message).toMatch(/the slowest EVAL with \d+ ms/);
    await lab.cli(PRIMARY, "SLOWLOG", "RESET");
    // Not for so long that the others hold it to be down.
    await set(PRIMARY, "cluster-node-timeout", "600000");
    await set(PRIMARY, "busy-reply-threshold", "50");
    const ended = lab.cli(PRIMARY, "EVAL", "while true do end", "0");
    await until(async () => (await lab.cli(PRIMARY, "PING")).startsWith("BUSY"));
    const found = (await doctor(lab.file, "BUSY")).of("busy-script");
    expect(found.subjects).toEqual([PRIMARY]);
    await mend(lab.file, found);
    expect(await ended).toMatch(/Script killed by user/);
  });

  it("finds out why nobody takes the place of a primary that is gone, and has its replica do so", async () => {
    await until(linked);
    await set(replica, "cluster-replica-no-failover", "yes");
    await lab.kill(PRIMARY);
    await until(async () => /cluster_state:fail/.test(await lab.cli(replica, "CLUSTER", "INFO")));
    const found = (await doctor(lab.file, "no-failover")).of("no-candidate");
    expect(found).toMatchObject({ severity: "critical", confidence: "certain", subjects: [replica] });
    await mend(lab.file, found);
    await until(async () => (await info(replica, "role")) === "master");
    await until(async () => /cluster_state:ok/.test(await lab.cli(replica, "CLUSTER", "INFO")));
    expect(await lab.cli(replica, "SET", key, "2")).toBe("OK");
  });
});
