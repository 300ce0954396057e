import { describe, expect, test } from "vitest";
import { parseConf } from "../../../src/conf/conf-file.ts";
import { differencesOf, liveDifferences } from "../../../src/init/differences.ts";

const of = (wanted: string, found: string, kind: "redis" | "sentinel" | "users" = "redis") =>
  differencesOf(parseConf(wanted), parseConf(found), kind);

describe("what differs between two files", () => {
  test("is not how a server spells, groups and orders what it rewrites", () => {
    const wanted = "maxmemory 200mb\nsave 3600 1\nsave 300 100\nclient-output-buffer-limit replica 256mb 64mb 60";
    const rewritten =
      "save 3600 1 300 100\nmaxmemory 209715200\nclient-output-buffer-limit normal 0 0 0\nclient-output-buffer-limit slave 268435456 67108864 60\nclient-output-buffer-limit pubsub 32mb 8mb 60";
    expect(of(wanted, rewritten)).toEqual([]);
  });

  test("is told with what it was and what it will be", () => {
    expect(of("timeout 0\nport 6379", "timeout 5\nmaxclients 9\nport 6379")).toEqual([
      { name: "timeout", was: "5", will: "0" },
      { name: "maxclients", was: "9", will: null },
    ]);
  });

  test("never tells a secret, only that it changes", () => {
    const text = JSON.stringify([
      of("masterauth new-secret", "masterauth old-secret"),
      of("sentinel auth-pass m new-secret", "sentinel auth-pass m old-secret", "sentinel"),
      of(`user a on #${"a".repeat(64)}`, `user a on #${"b".repeat(64)}`, "users"),
    ]);
    expect(text).toContain("‹secret›");
    expect(text).not.toMatch(/new-secret|old-secret|a{64}|b{64}/);
  });

  test("is not what a Sentinel learned, left out as its default, or spells out of a user", () => {
    const wanted = `sentinel monitor m 10.0.0.1 6379 2\nsentinel parallel-syncs m 1\nuser a on #${"a".repeat(64)} ~* &* +@all`;
    const live = `sentinel monitor m 10.0.0.1 6379 2\nsentinel myid abc\nsentinel known-replica m 10.0.0.2 6379\nuser a on sanitize-payload #${"a".repeat(64)} ~* &* +@all\nlatency-tracking-info-percentiles 50 99`;
    expect(of(wanted, live, "sentinel")).toEqual([]);
    expect(of(wanted, live.replace("6379 2", "6379 3"), "sentinel")).toMatchObject([{ name: "sentinel monitor m" }]);
  });
});

test("what a server holds in memory is held against its file, unit by unit and group by group", () => {
  const wanted = parseConf('maxmemory 1mb\nsave ""\nclient-output-buffer-limit replica 2mb 1mb 60\nreplicaof a 1');
  const live = {
    maxmemory: "1048576",
    save: "60 1",
    "client-output-buffer-limit": "normal 0 0 0 slave 0 0 0 pubsub 0 0 0",
  };
  expect(liveDifferences(wanted, live).map(({ name, value }) => [name, value])).toEqual([
    ["save", ""],
    ["client-output-buffer-limit replica", "replica 2097152 1048576 60"],
  ]);
});
