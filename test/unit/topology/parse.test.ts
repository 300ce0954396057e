import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalAddress, parseEndpoint, printEndpoint } from "../../../src/topology/parse/address.ts";
import {
  type ClusterNodeLine,
  parseClusterNodes,
  printClusterNodes,
} from "../../../src/topology/parse/cluster-nodes.ts";
import { field, parseInfo, printInfo, toInt } from "../../../src/topology/parse/info.ts";
import { keyCount, keyspaceOf } from "../../../src/topology/parse/keyspace.ts";
import { parseReplicaLine, printReplicaLine, replicaLines } from "../../../src/topology/parse/replica-line.ts";
import { parseRole, printRole, type RoleAnswer } from "../../../src/topology/parse/role.ts";
import { parseSentinelReplica, printSentinelReplica } from "../../../src/topology/parse/sentinel-map.ts";
import { joinRanges, missingRanges, type SlotRange } from "../../../src/topology/parse/slots.ts";

const word = fc.stringMatching(/^[a-z0-9_-]{1,12}$/);
const port = fc.integer({ min: 0, max: 65_535 });
const int = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
const slot = fc.integer({ min: 0, max: 16_383 });
const range = fc.tuple(slot, slot).map(([a, b]): SlotRange => [Math.min(a, b), Math.max(a, b)]);

describe("INFO", () => {
  it("reads back every map that it prints", () => {
    const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,20}$/);
    const value = fc.string().filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.dictionary(name, value), (info) => {
        expect(parseInfo(printInfo(info))).toEqual({ ...info });
      }),
    );
  });

  it("takes any text without throwing, and keeps colons in values", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseInfo(text)));
    expect(parseInfo("# Server\r\nexecutable:/a:b\r\n\r\nnonsense\r\n:x")).toEqual({ executable: "/a:b" });
  });

  it("tells the keys of each database, and of all", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.nat(1_000).map(String), fc.nat()), (databases) => {
        const lines = Object.entries(databases).map(
          ([db, keys]) => `db${db}:keys=${keys},expires=7,avg_ttl=3,subexpiry=0`,
        );
        const info = parseInfo(["used_memory:5", "dbsize:9", ...lines].join("\r\n"));
        expect(keyspaceOf(info)).toEqual({ ...databases });
        expect(keyCount(info)).toBe(Object.values(databases).reduce((sum, keys) => sum + keys, 0));
      }),
    );
  });

  it("finds fields under the words of newer engines", () => {
    expect(field({ primary_link_status: "up" }, "master_link_status")).toBe("up");
    expect(field({ replica_repl_offset: "5" }, "slave_repl_offset")).toBe("5");
    expect(field({}, "toString")).toBeNull();
  });

  it("takes no number that JavaScript cannot hold", () => {
    expect(toInt("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
    expect([toInt("9007199254740993"), toInt("1e3"), toInt(""), toInt("0x10"), toInt(1.5), toInt(null)]).toEqual(
      Array(6).fill(null),
    );
    expect(Object.is(toInt("-0"), 0)).toBe(true);
  });
});

describe("replica lines of a primary", () => {
  it("reads back what it prints", () => {
    const line = fc.record({
      ip: address,
      port,
      state: word,
      offset: fc.option(int),
      lag: fc.option(int),
    });
    fc.assert(fc.property(line, (value) => void expect(parseReplicaLine(printReplicaLine(value))).toEqual(value)));
  });

  it("passes over fields that it does not know, and keeps the order of the primary", () => {
    const info = {
      slave10: "ip=10.0.0.10,port=1,state=online,offset=1,lag=0",
      slave2: "ip=10.0.0.2,port=1,state=online,offset=864,lag=1,type=replica",
      slave_priority: "100",
    };
    expect(replicaLines(info).map(({ ip }) => ip)).toEqual(["10.0.0.2", "10.0.0.10"]);
  });

  it("takes any text without throwing", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseReplicaLine(text)));
  });
});

describe("ROLE", () => {
  const answer: fc.Arbitrary<RoleAnswer> = fc.oneof(
    fc.record({
      role: fc.constant("primary" as const),
      offset: fc.option(int),
      replicas: fc.array(fc.record({ ip: address, port, offset: fc.option(int) })),
    }),
    fc.record({ role: fc.constant("replica" as const), host: address, port, state: word, offset: fc.option(int) }),
    fc.record({ role: fc.constant("sentinel" as const), groups: fc.array(word) }),
  );

  it("reads back what it prints", () => {
    fc.assert(fc.property(answer, (value) => void expect(parseRole(printRole(value))).toEqual(value)));
  });

  it("takes any reply without throwing", () => {
    fc.assert(fc.property(fc.anything(), (reply) => void parseRole(reply)));
    fc.assert(fc.property(fc.array(fc.anything()), (reply) => void parseRole(["slave", ...reply])));
  });
});

describe("CLUSTER NODES", () => {
  const open = fc.record({ slot, nodeId: word });
  const line: fc.Arbitrary<ClusterNodeLine> = fc.record({
    id: word,
    address: fc.oneof(address, fc.constant("")),
    port,
    busPort: fc.option(port),
    hostname: fc.option(fc.domain()),
    aux: fc.array(
      word.map((name) => `${name}=x`),
      { maxLength: 2 },
    ),
    flags: fc.uniqueArray(fc.constantFrom("myself", "master", "slave", "fail?", "fail", "handshake", "noaddr")),
    primaryId: fc.option(word.filter((id) => id !== "-")),
    pingSent: fc.option(int),
    pongReceived: fc.option(int),
    epoch: fc.option(int),
    linked: fc.boolean(),
    slots: fc.array(range, { maxLength: 3 }),
    migrating: fc.array(open, { maxLength: 2 }),
    importing: fc.array(open, { maxLength: 2 }),
  });

  it("reads back what it prints", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        expect(parseClusterNodes(printClusterNodes(lines))).toEqual(lines);
      }),
    );
  });

  it("takes any text without throwing", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseClusterNodes(text)));
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", " ", ":", "@", ",", "-", "[", "]", ">", "<", "1", "\n")), (parts) => {
        parseClusterNodes(parts.join(""));
      }),
    );
  });

  it("tells an auxiliary field from a hostname", () => {
    const [line] = parseClusterNodes("aa 10.0.0.1:7000@17000,shard-id=ff master - 0 0 3 connected");
    expect(line).toMatchObject({ hostname: null, aux: ["shard-id=ff"] });
  });

  it("reads 7.0's hostnames, auxiliary fields, open slots and unknown addresses", () => {
    const text = [
      "aa 10.0.0.1:7000@17000,redis-1.example,shard-id=ff myself,master - 0 0 3 connected 0-99 200 [100->-bb] [300-<-bb]",
      "bb :0@0 master,noaddr,fail - 1 2 4 disconnected",
      "cc fd00::1:7002@17002 slave,fail? aa 0 0 3 connected",
    ].join("\n");
    const [first, second, third] = parseClusterNodes(text);
    expect(first).toMatchObject({
      hostname: "redis-1.example",
      aux: ["shard-id=ff"],
      slots: [
        [0, 99],
        [200, 200],
      ],
      migrating: [{ slot: 100, nodeId: "bb" }],
      importing: [{ slot: 300, nodeId: "bb" }],
    });
    expect(second).toMatchObject({ address: "", flags: ["master", "noaddr", "fail"], linked: false });
    expect(third).toMatchObject({ address: "fd00::1", port: 7002, primaryId: "aa", flags: ["slave", "fail?"] });
  });
});

describe("SENTINEL REPLICAS", () => {
  it("reads back what it prints", () => {
    const entry = fc.record({
      address,
      port,
      runId: fc.oneof(word, fc.constant("")),
      flags: fc.uniqueArray(fc.constantFrom("slave", "s_down", "o_down", "disconnected", "promoted")),
      linkUp: fc.boolean(),
      priority: fc.option(int),
    });
    fc.assert(
      fc.property(entry, (value) => void expect(parseSentinelReplica(printSentinelReplica(value))).toEqual(value)),
    );
  });

  it("takes any map without throwing", () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.string()), (map) => void parseSentinelReplica(map)));
  });
});

describe("addresses", () => {
  it("reads back what it prints, IPv6 included", () => {
    fc.assert(
      fc.property(address, port, (host, number) => {
        const endpoint = { address: host, port: number };
        expect(parseEndpoint(printEndpoint(endpoint))).toEqual(endpoint);
      }),
    );
  });

  it("spells one address in one way", () => {
    expect(["[::1]", "R1.Example.", "::ffff:10.0.0.1"].map(normalAddress)).toEqual(["::1", "r1.example", "10.0.0.1"]);
  });
});

describe("slot ranges", () => {
  it("covers every slot exactly once with what is there and what is missing", () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), (ranges) => {
        const all = joinRanges([...ranges, ...missingRanges(ranges)]);
        expect(all).toEqual([[0, 16_383]]);
        const missing = missingRanges(ranges);
        const held = (n: number) => ranges.some(([from, to]) => n >= from && n <= to);
        for (const [from, to] of missing) expect(held(from) || held(to)).toBe(false);
      }),
    );
  });
});
