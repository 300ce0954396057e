import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { doctor, evidenceOf } from "../../support/doctor.ts";
import { cli, type Engine, freePort, Servers } from "../../support/redis.ts";
import { until } from "../../support/until.ts";

const A = "127.0.71.1";
const B = "127.0.71.2";

describe("doctor of servers that do not fit together", () => {
  const servers = new Servers();
  let folder: string;
  let port: number;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "redisha-odd-"));
    port = await freePort(A);
  });
  afterAll(async () => {
    await servers.stopAll();
    await rm(folder, { recursive: true, force: true });
  });

  const start = (engine: Engine, address: string, ...conf: string[]) => servers.start({ engine, address, port, conf });
  const declare = async (name: string, more: Record<string, unknown>): Promise<string> => {
    const hosts = { a: { address: A }, b: { address: B } };
    const deployment = { engine: { name: "redis" }, hosts, ssh: "local", ...more };
    const file = join(folder, `${name}.yaml`);
    await writeFile(file, stringify({ version: 1, deployments: { [name]: deployment } }));
    return file;
  };

  it("tells a replica that cannot load what a newer primary sends, and one that only takes its time", async () => {
    const redis = { on: ["a", "b"], port, initial_primary: "a" };
    const file = await declare("versions", { topology: "replication", redis });
    const primary = await start("redis-8.0", A);
    await cli(primary, ["EVAL", "for i=1,20000 do redis.call('SET', 'key:'..i, string.rep('x', 50)) end", "0"]);
    const old = await start("redis-7.0", B, `replicaof ${A} ${port}`);
    await until(async () => (await old.log()).includes("Can't handle RDB format version"));
    const found = (await doctor(file, "replica-behind")).of("foreign-rdb");
    expect(found).toMatchObject({ confidence: "certain", subjects: [`b:${port}`, `a:${port}`] });
    expect(found.message).toMatch(/redis 7\.0\.\S+ cannot load what .* \(redis 8\.0\.\S+ sends, and is emptied/);
    expect(evidenceOf(found)).toMatch(/Can't handle RDB format version 12/);

    await old.stop();
    const slow = await start("redis-8.0", B, "key-load-delay 20000", "loading-process-events-interval-bytes 1024");
    await cli(slow, ["REPLICAOF", A, String(port)]);
    await until(async () => /loading:1/.test(await cli(slow, ["INFO", "persistence"])));
    const seen = await doctor(file, "LOADING");
    expect(evidenceOf(seen.of("loading"))).toMatch(/INFO loading_eta_seconds: \d+/);
    await cli(slow, ["CONFIG", "SET", "key-load-delay", "0"]);
    await until(async () => /master_link_status:up/.test(await cli(slow, ["INFO", "replication"])));
    expect((await doctor(file, "--only", "foreign-rdb,loading,server-down")).causes).toEqual([]);
    await servers.stopAll();
  });

  it("tells Sentinels of cloned machines by the one myid that they have", async () => {
    const watch = await freePort(A);
    await start("redis-7.0", A);
    const myid = "ab".repeat(20);
    for (const address of [A, B]) {
      const conf = [`sentinel myid ${myid}`, `sentinel monitor shop ${A} ${port} 2`];
      await servers.start({ kind: "sentinel", address, port: watch, conf });
    }
    const redis = { on: ["a"], port, initial_primary: "a" };
    const sentinel = { on: ["a", "b"], port: watch, quorum: 2 };
    const file = await declare("clones", { topology: "sentinel", master_name: "shop", redis, sentinel });
    const found = (await doctor(file, "--only", "stale-sentinel-peers")).of("stale-sentinel-peers");
    expect(found.message).toMatch(`a:${watch} and b:${watch} have the same myid`);
    expect(found.next.join("\n")).toMatch(/take the line "sentinel myid" out of its file/);
  });
});
