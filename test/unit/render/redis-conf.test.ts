import { describe, expect, test } from "vitest";
import { directivesOf, parseConf } from "../../../src/conf/conf-file.ts";
import { type RedisConfNeeds, renderRedisConf } from "../../../src/render/redis-conf.ts";

const MIB = 1024 ** 2;

function rendered(needs: Partial<RedisConfNeeds>): Map<string, string> {
  const { text } = renderRedisConf({
    ...{ id: "r1:6379", deployment: "shop", engine: { name: "redis", version: "7.0.15" }, address: "203.0.113.7" },
    ...{ port: 6379, paths: { data: "/x", log: "/x/log", pid: "/x/pid" }, minReplicas: 0, config: {} },
    host: { memoryBytes: 16 * 1024 ** 3, dataInstances: 1 },
    ...needs,
  });
  return new Map(directivesOf(parseConf(text)).map(({ name, values }) => [name, values.join(" ")]));
}

describe("redis.conf", () => {
  test("has a backlog for ten minutes of what is declared to be written", () => {
    expect(rendered({ writeBytesPerSecond: MIB }).get("repl-backlog-size")).toBe(String(600 * MIB));
    expect(rendered({ writeBytesPerSecond: 1 }).get("repl-backlog-size")).toBe(String(64 * MIB));
  });

  test("listens where the host is, and tells others where it is reached", () => {
    const conf = rendered({ listen: "10.0.0.7" });
    expect(conf.get("bind")).toBe("10.0.0.7 127.0.0.1 -::1");
    expect(conf.get("bind-source-addr")).toBe("10.0.0.7");
    expect(conf.get("replica-announce-ip")).toBe("203.0.113.7");
  });

  test("has nodes of a Cluster tell clients a name, and an address where they have none", () => {
    const cluster = { nodeTimeoutMs: 5000 };
    expect(rendered({ cluster }).get("cluster-announce-ip")).toBe("203.0.113.7");
    const named = rendered({ cluster, address: "r1.example" });
    expect(named.get("cluster-announce-hostname")).toBe("r1.example");
    expect(named.get("cluster-preferred-endpoint-type")).toBe("hostname");
    expect(named.has("cluster-announce-ip")).toBe(false);
  });

  test("has the priority and the modules that are declared, a module with its arguments", () => {
    const conf = rendered({ priority: 0, modules: ["/opt/search.so MAXSEARCHRESULTS 100"] });
    expect(conf.get("replica-priority")).toBe("0");
    expect(conf.get("loadmodule")).toBe("/opt/search.so MAXSEARCHRESULTS 100");
  });

  test("names limits of small collections as the server does", () => {
    expect(rendered({}).get("zset-max-listpack-entries")).toBe("128");
    const older = rendered({ engine: { name: "redis", version: "6.0.16" } });
    expect(older.get("zset-max-ziplist-entries")).toBe("128");
    expect([...older.keys()].filter((name) => name.includes("listpack"))).toEqual([]);
  });
});
