import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RedishaError } from "../../../src/core/errors.ts";
import { type RedisConfNeeds, renderRedisConf } from "../../../src/render/redis-conf.ts";
import { ENGINES } from "../../support/engines.ts";
import { FromConf, VERSIONS } from "../../support/from-conf.ts";
import { cli, freePort } from "../../support/redis.ts";
import { until } from "../../support/until.ts";

const servers = new FromConf();

describe.each(ENGINES)("redis.conf as rendered for %s", (engine) => {
  test("starts without a word of complaint, and the server has what the file says", async () => {
    const folder = await mkdtemp(join(tmpdir(), "redisha-render-"));
    const port = await freePort("127.0.0.1");
    const name = engine.split("-")[0] ?? "";
    const { text } = renderRedisConf({
      ...needsOf(name, VERSIONS[engine], port, folder),
      config: { supervised: "no", logfile: '""', "maxmemory-policy": "volatile-ttl", save: '""' },
    });
    const complaints = await servers.start(engine, "server", folder, text);
    try {
      const at = { engine, address: "127.0.0.1", port };
      await until(async () => (await cli(at, ["PING"]).catch(() => "")).includes("PONG"));
      const get = async (directive: string) =>
        (await cli(at, ["CONFIG", "GET", directive])).trim().split("\n").at(1) ?? "";
      expect(await get("appendonly")).toBe("yes");
      expect(await get("masterauth")).toBe('a "b" #c');
      expect(await get("maxmemory-policy")).toBe("volatile-ttl");
      expect(await get("save")).toBe("");
      expect(await get("repl-backlog-size")).toBe(String(503 * 1024 ** 2));
      expect(complaints()).toEqual([]);
    } finally {
      await servers.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

test("What redisha.yaml asks for and the server does not know is refused, by name", () => {
  const needs = { ...needsOf("redis", "6.0.16", 6379, "/x"), config: { "maxmemory-clients": "10%" } };
  expect(() => renderRedisConf(needs)).toThrow(RedishaError);
  expect(() => renderRedisConf(needs)).toThrow(/does not know maxmemory-clients/);
});

function needsOf(name: string, version: string, port: number, folder: string): RedisConfNeeds {
  return {
    id: `r1:${port}`,
    deployment: "shop",
    engine: { name, version },
    address: "127.0.0.1",
    port,
    paths: { data: folder, log: join(folder, "log"), pid: join(folder, "pid") },
    replication: { password: 'a "b" #c' },
    host: { memoryBytes: 8.2 * 1024 ** 3, dataInstances: 1 },
    minReplicas: 0,
    config: {},
  };
}
