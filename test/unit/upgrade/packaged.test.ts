import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { carriage } from "../../../src/upgrade/packaged.ts";

const server = { unit: "redis-server.service", config_file: "/etc/redis/redis.conf" };

describe("a server under packages of another project", () => {
  it("has unit, file and program of the same kind", () => {
    expect(carriage(server, "valkey")).toEqual({
      from: "redis",
      to: "valkey",
      unit: "valkey-server.service",
      file: "/etc/valkey/valkey.conf",
      program: "/usr/bin/valkey-server",
    });
    const sentinel = { unit: "redis-sentinel.service", config_file: "/etc/redis/sentinel.conf" };
    expect(carriage(sentinel, "valkey")).toMatchObject({
      unit: "valkey-sentinel.service",
      file: "/etc/valkey/sentinel.conf",
      program: "/usr/bin/valkey-sentinel",
    });
  });

  it("keeps the name of its unit among several, and is found from there again", () => {
    fc.assert(
      fc.property(fc.constantFrom("server", "sentinel"), fc.stringMatching(/^[\w.-]{1,8}$/), (kind, name) => {
        const conf = kind === "server" ? "redis" : kind;
        const run = { unit: `redis-${kind}@${name}.service`, config_file: `/etc/redis/${conf}-${name}.conf` };
        const there = carriage(run, "valkey");
        expect(there?.unit).toBe(`valkey-${kind}@${name}.service`);
        const back = carriage({ unit: there?.unit ?? "", config_file: there?.file ?? "" }, "redis");
        expect({ unit: back?.unit, config_file: back?.file }).toEqual(run);
      }),
    );
  });

  it("is not known where it is run in another way than packages do it", () => {
    expect(carriage({ ...server, unit: null }, "valkey")).toBeUndefined();
    expect(carriage({ ...server, unit: "cache.service" }, "valkey")).toBeUndefined();
    expect(carriage({ ...server, config_file: "/srv/redis.conf" }, "valkey")).toBeUndefined();
    expect(carriage({ ...server, unit: "redis-server@6380.service" }, "valkey")).toBeUndefined();
  });
});
