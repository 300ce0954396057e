import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RedishaError } from "../../../src/core/errors.ts";
import { type RedisConfNeeds, renderRedisConf } from "../../../src/render/redis-conf.ts";
import { ENGINE_ROOT, ENGINES, type EngineUnderTest } from "../../support/engines.ts";
import { cli, freePort } from "../../support/redis.ts";
import { until } from "../../support/until.ts";

const VERSIONS: Record<EngineUnderTest, string> = {
  "redis-6.0": "6.0.16",
  "redis-7.0": "7.0.15",
  "redis-8.0": "8.0.2",
  "valkey-8.1": "8.1.1",
  "valkey-9.1": "9.1.2",
};

describe.each(ENGINES)("redis.conf as rendered for %s", (engine) => {
  test("starts without a word of complaint, and the server has what the file says", async () => {
    const folder = await mkdtemp(join(tmpdir(), "redisha-render-"));
    const port = await freePort("127.0.0.1");
    const name = engine.split("-")[0] ?? "";
    const { text } = renderRedisConf({
      ...needsOf(name, VERSIONS[engine], port, folder),
      config: { supervised: "no", logfile: '""', "maxmemory-policy": "volatile-ttl", save: '""' },
    });
    await writeFile(join(folder, "redis.conf"), text, { mode: 0o600 });
    const server = spawn(join(ENGINE_ROOT, engine, "bin", `${name}-server`), [join(folder, "redis.conf")]);
    let log = "";
    server.stdout.on("data", (chunk) => {
      log += chunk;
    });
    server.stderr.on("data", (chunk) => {
      log += chunk;
    });
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
      const complaints = log
        .split("\n")
        .filter(
          (line) =>
            / # /.test(line) &&
            !/overcommit|somaxconn|Transparent|THP|oO0Oo|Configuration loaded|Redis version=|Valkey version=|Redis is starting|Server initialized|supported backlog/i.test(
              line,
            ),
        );
      expect(complaints).toEqual([]);
    } finally {
      server.kill("SIGKILL");
      await once(server, "exit");
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
