import { mkdir, readdir, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { doctor, evidenceOf, mend } from "../../support/doctor.ts";
import { addressOf, bringUpLab, type TestLab } from "../../support/lab.ts";
import { until } from "../../support/until.ts";

const PRIMARY = "r1:6379";

describe("doctor of a primary and its replicas", () => {
  let lab: TestLab;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "replication", config: { "repl-backlog-size": "1mb" } });
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await lab?.down();
  });

  const set = (id: string, name: string, value: string) => lab.cli(id, "CONFIG", "SET", name, value);
  const info = async (id: string, field: string) =>
    new RegExp(`^${field}:(.*)$`, "m").exec(await lab.cli(id, "INFO"))?.[1]?.trim();
  const linked = (id: string) => async () => (await info(id, "master_link_status")) === "up";
  const follow = async (id: string, host: string) => lab.cli(id, "REPLICAOF", addressOf(lab, host), "6379");

  /** An application that keeps its connection, and writes over it. */
  function application(host: string): Socket {
    const socket = connect({ host: addressOf(lab, host), port: 6379 });
    socket.on("error", () => undefined).on("data", () => undefined);
    socket.write("SET cart 1\r\n");
    sockets.push(socket);
    return socket;
  }

  it("finds a split brain, and whose clients write to the wrong side, and keeps what only that one holds", async () => {
    await lab.cli("r3:6379", "REPLICAOF", "NO", "ONE");
    await lab.cli("r3:6379", "SET", "only:here", "1");
    const client = application("r3");
    const gone = new Promise((resolve) => client.once("close", resolve));
    await until(async () => (await lab.cli("r3:6379", "CLIENT", "LIST")).includes("cmd=set"));
    const seen = await doctor(lab.file, "writes-lost");
    expect(seen.causes).toEqual(["two-primaries", "clients-on-old-primary"]);
    const split = seen.of("two-primaries");
    expect(split.message).toMatch(/r1:6379 is the one that replicas follow/);
    expect(evidenceOf(split)).toMatch(/r3:6379 INFO replication: role:master, replid \w{40}, offset \d+/);
    expect(evidenceOf(split)).toMatch(/r1:6379 named or followed by: replica r2:6379/);
    expect(evidenceOf(seen.of("clients-on-old-primary"))).toMatch(/r3:6379 CLIENT LIST: 127\.\S+ sent set as default/);

    await mend(lab.file, split);
    await gone;
    expect(await info("r3:6379", "master_host")).toBe(addressOf(lab, "r1"));
    expect(await lab.cli("r3:6379", "EXISTS", "only:here")).toBe("0");
    const kept = await readdir(join(lab.status.folder, "hosts/r3/6379/data"));
    expect(kept).toContainEqual(expect.stringMatching(/^dump\.rdb\.before-/));
    expect((await doctor(lab.file, "writes-lost")).causes).toEqual([]);
  });

  it("finds a client that writes to a replica, and sends it away", async () => {
    const client = application("r2");
    const gone = new Promise((resolve) => client.once("close", resolve));
    await until(async () => (await lab.cli("r2:6379", "INFO", "errorstats")).includes("READONLY"));
    const found = (await doctor(lab.file, "READONLY")).of("clients-on-old-primary");
    expect(found).toMatchObject({ confidence: "certain", subjects: ["r2:6379"] });
    expect(evidenceOf(found)).toMatch(/r2:6379 INFO errorstat_READONLY: count=1/);
    await mend(lab.file, found);
    await gone;
  });

  it("finds a replica of a replica, and has it follow the primary", async () => {
    await follow("r3:6379", "r2");
    await until(linked("r3:6379"));
    const found = (await doctor(lab.file, "--only", "wrong-primary")).of("wrong-primary");
    expect(found.message).toMatch(/r3:6379 follows r2:6379, which is a replica itself/);
    await mend(lab.file, found);
    expect(await info("r3:6379", "master_host")).toBe(addressOf(lab, "r1"));
  });

  it("finds a storm of full syncs, by what the primary cut off, and ends it", async () => {
    await set(PRIMARY, "client-output-buffer-limit", "replica 200kb 0 0");
    await lab.kill("r2:6379", "SIGSTOP");
    const cutOff = async () => (await info(PRIMARY, "connected_slaves")) === "1";
    // What the kernel takes for a replica that reads nothing comes on top of the limit.
    for (let at = 0; !(await cutOff()) && at < 200; at += 1) {
      await lab.cli(PRIMARY, "EVAL", "redis.call('SET', KEYS[1], string.rep('x', 2000000))", "1", `big:${at % 4}`);
    }
    await lab.kill("r2:6379", "SIGCONT");
    await until(linked("r2:6379"));
    const found = (await doctor(lab.file, "full-syncs")).of("full-syncs");
    expect(found).toMatchObject({ confidence: "certain", subjects: [PRIMARY] });
    expect(evidenceOf(found)).toMatch(/r1:6379 log .*overcoming of output buffer limits/);
    expect(evidenceOf(found)).toMatch(/CONFIG GET client-output-buffer-limit: .*slave 204800 0 0/);
    await mend(lab.file, found);
    expect(Number((await lab.cli("r2:6379", "CONFIG", "GET", "repl-backlog-size")).split("\n")[1])).toBe(
      64 * 1024 ** 2,
    );
  });

  it("finds memory that is used up, and gives more where the host has it", async () => {
    await set(PRIMARY, "maxmemory", String(Number(await info(PRIMARY, "used_memory")) + 100_000));
    await until(async () =>
      (await lab.cli(PRIMARY, "SETRANGE", `fill:${Math.random()}`, "50000", "x")).startsWith("OOM"),
    );
    const found = (await doctor(lab.file, "OOM")).of("memory-full");
    expect(evidenceOf(found)).toMatch(/r1:6379 INFO errorstat_OOM: count=\d/);
    await mend(lab.file, found);
    expect(await lab.cli(PRIMARY, "SET", "more", "1")).toBe("OK");
  });

  it("finds out why a snapshot fails, and has the next one succeed", async () => {
    // A folder that has the name of the snapshot: root, too, cannot put a file there.
    const snapshot = join(lab.status.folder, "hosts/r1/6379/data/dump.rdb");
    await rm(snapshot, { force: true });
    await mkdir(snapshot);
    await lab.cli(PRIMARY, "BGSAVE");
    await until(async () => (await info(PRIMARY, "rdb_last_bgsave_status")) === "err");
    expect(await lab.cli(PRIMARY, "SET", "refused", "1")).toMatch(/^MISCONF/);
    const found = (await doctor(lab.file, "MISCONF")).of("save-failing");
    expect(found.message).toMatch(
      /cannot write its snapshot: what it has written cannot be put in the place .*; every write gets MISCONF/,
    );
    expect(evidenceOf(found)).toMatch(/r1:6379 log .*Error moving temp DB file/);
    await rm(snapshot, { recursive: true });
    await mend(lab.file, found);
    expect(await lab.cli(PRIMARY, "SET", "taken", "1")).toBe("OK");
  });

  it("finds what slow commands held up, and a script that never ends, and ends that", async () => {
    const busy =
      "local s=redis.call('TIME') repeat local n=redis.call('TIME') until (n[1]-s[1])*1000000+n[2]-s[2]>200000";
    await lab.cli(PRIMARY, "EVAL", busy, "0");
    const slow = (await doctor(lab.file, "slow")).of("slow-commands");
    expect(slow.message).toMatch(/the slowest EVAL with \d+ ms/);
    await lab.cli(PRIMARY, "SLOWLOG", "RESET");

    await set(PRIMARY, "busy-reply-threshold", "50");
    const ended = lab.cli(PRIMARY, "EVAL", "while true do end", "0");
    await until(async () => (await lab.cli(PRIMARY, "PING")).startsWith("BUSY"));
    const found = (await doctor(lab.file, "BUSY")).of("busy-script");
    expect(found).toMatchObject({ subjects: [PRIMARY], severity: "critical" });
    await mend(lab.file, found);
    expect(await ended).toMatch(/Script killed by user/);
  });

  it("says of a deployment in which nobody answers where each server is, and cannot say more", async () => {
    for (const host of ["r1", "r2", "r3"]) await lab.kill(`${host}:6379`);
    const seen = await doctor(lab.file);
    expect(seen.exit).toBe(6);
    expect(seen.causes).toEqual(["server-down", "server-down", "server-down"]);
    expect(seen.of("server-down").message).toMatch(/its host is there, and nothing listens on its port/);
  });
});
