import { describe, expect, it } from "vitest";
import { buildTopology } from "../../../src/topology/build-topology.ts";
import { Directory, type Entry } from "../../../src/topology/model/directory.ts";
import { topologySchema } from "../../../src/topology/schema.ts";
import {
  data,
  dead,
  found,
  ids,
  look,
  nodeOf,
  primary,
  REPLICATION,
  replica,
  SENTINEL,
  sentinel,
  sentinelGroup,
} from "./deployments.ts";

const entry = (id: string, over: Partial<Entry> = {}): Entry => {
  const [host = "", port = "6379"] = id.split(":");
  return { id, host, address: `10.0.0.${host.slice(1)}`, port: Number(port), announced: [], keys: [], ...over };
};

describe("which instance an address means", () => {
  const directory = new Directory([
    entry("r1:6379", { keys: ["run-1"], announced: [{ address: "203.0.113.1", port: 16_379 }] }),
    entry("r1:6380"),
    entry("r2:6379", { announced: [{ address: "203.0.113.1", port: 16_379 }] }),
  ]);

  it("is the listed address first, or the host's name, in any spelling", () => {
    expect(directory.find({ address: "10.0.0.2", port: 6379 })).toBe("r2:6379");
    expect(directory.find({ address: "R2", port: 6379 })).toBe("r2:6379");
    expect(directory.find({ address: "::ffff:10.0.0.2", port: 6379 })).toBe("r2:6379");
  });

  it("is found by run id behind NAT, but the listed address wins over a run id", () => {
    expect(directory.find({ address: "172.17.0.1", port: 1 }, { key: "run-1" })).toBe("r1:6379");
    expect(directory.find({ address: "10.0.0.2", port: 6379 }, { key: "run-1" })).toBe("r2:6379");
  });

  it("is nobody where two announce the same address", () => {
    expect(directory.find({ address: "203.0.113.1", port: 16_379 })).toBeNull();
  });

  it("is on the speaker's host for a loopback address, and never the speaker itself", () => {
    expect(directory.find({ address: "127.0.0.1", port: 6380 }, { speaker: "r1:6379" })).toBe("r1:6380");
    expect(directory.find({ address: "localhost", port: 6379 }, { speaker: "r1:6379" })).toBeNull();
    expect(directory.find({ address: "127.0.0.1", port: 6380 }, { speaker: "r2:6379" })).toBeNull();
  });
});

describe("replication", () => {
  it("is a tree: a replica of a replica belongs to the same shard", () => {
    const result = look(REPLICATION, {
      r1: primary("r1", ["r2"]),
      r2: replica("r2", "r1", { slave0: "ip=10.0.114.3,port=6379,state=online,offset=1000,lag=0" }),
      r3: replica("r3", "r2"),
    });
    expect(nodeOf(result, "r3:6379").primary_id).toBe("r2:6379");
    expect(result.topology.shards).toEqual([
      { id: "main", primary_id: "r1:6379", replica_ids: ["r2:6379", "r3:6379"], slots: [] },
    ]);
  });

  it("measures lag by the fresher of both ends, and never below nothing", () => {
    const lines = { slave0: "ip=10.0.114.2,port=6379,state=online,offset=1500,lag=1" };
    const result = look(REPLICATION, {
      r1: primary("r1", [], { ...lines, master_repl_offset: "2000" }),
      r2: replica("r2", "r1", { slave_repl_offset: "1200" }),
      r3: replica("r3", "r1", { slave_repl_offset: "2100" }),
    });
    expect(nodeOf(result, "r2:6379")).toMatchObject({ lag: 500, lag_s: 1 });
    expect(nodeOf(result, "r3:6379").lag).toBe(0);
  });

  it("has no lag between nodes of different histories", () => {
    const other = { master_replid: "b".repeat(40), master_link_status: "down", slave_repl_offset: "1" };
    const result = look(REPLICATION, { r1: primary("r1", []), r2: replica("r2", "r1", other) });
    expect(nodeOf(result, "r2:6379").lag).toBeNull();
  });

  it("recognises replicas by elimination where the primary sees other addresses than the listed ones", () => {
    const nat = {
      slave0: "ip=172.17.0.1,port=6379,state=online,offset=990,lag=0",
      slave1: "ip=172.17.0.1,port=6379,state=online,offset=1000,lag=0",
    };
    const result = look(REPLICATION, {
      r1: primary("r1", [], nat),
      r2: replica("r2", "r1", { slave_repl_offset: "990" }),
      r3: replica("r3", "r1"),
    });
    expect(nodeOf(result, "r1:6379").attached.map(({ node_id }) => node_id)).toEqual(["r2:6379", "r3:6379"]);
    expect(ids(result)).not.toContain("unlisted_replica");
  });

  it("never takes an attached connection for the speaker itself, nor two of them for one replica", () => {
    const seen = {
      slave0: "ip=10.0.114.1,port=6379,state=online,offset=1,lag=0",
      slave1: "ip=10.0.114.2,port=6379,state=online,offset=2,lag=0",
      slave2: "ip=10.0.114.2,port=6379,state=online,offset=3,lag=0",
    };
    const result = look(REPLICATION, {
      r1: primary("r1", [], seen),
      r2: replica("r2", "r1"),
      r3: replica("r3", "r1"),
      r4: replica("r4", "r1"),
    });
    const matched = nodeOf(result, "r1:6379").attached.map(({ node_id }) => node_id);
    expect(matched.toSorted()).toEqual(["r2:6379", "r3:6379", "r4:6379"]);
  });

  it("finds the primary by replication id where a replica names an address that means nothing here", () => {
    const result = look(REPLICATION, {
      r1: primary("r1", []),
      r2: replica("r2", "r1", { master_host: "192.168.9.9", master_port: "7777" }),
    });
    expect(nodeOf(result, "r2:6379").primary_id).toBe("r1:6379");
  });

  it("takes a replica by the address that it announces", () => {
    const config = { "replica-announce-ip": "198.51.100.7", "replica-announce-port": "7000" };
    const result = look(REPLICATION, {
      r1: primary("r1", [], { slave0: "ip=198.51.100.7,port=7000,state=online,offset=1000,lag=0" }),
      r2: replica("r2", "r1", {}, { config }),
    });
    expect(nodeOf(result, "r1:6379").attached[0]?.node_id).toBe("r2:6379");
    expect(nodeOf(result, "r2:6379").announced).toBe("198.51.100.7:7000");
  });

  it("adds a replica that nobody lists, known by its primary's words, on the host whose address it has", () => {
    const line = { slave0: "ip=10.0.114.2,port=6390,state=online,offset=1000,lag=0" };
    const result = look(REPLICATION, {
      r1: primary("r1", [], line),
      r2: replica("r2", "r1", { master_link_status: "down" }),
    });
    expect(nodeOf(result, "10.0.114.2:6390")).toMatchObject({
      listed: false,
      up: false,
      host: "r2",
      known_by: ["r1:6379"],
      primary_id: "r1:6379",
      reach: { ok: false, code: "NOT_OBSERVED" },
    });
  });
});

describe("Sentinel", () => {
  it("is read without SENTINEL MYID, as in 6.0: others know the id", () => {
    const group = sentinelGroup();
    const old = { ...group.s1 } as (typeof group)[string];
    const { myid: _myid, ...answers } = old?.sentinel ?? { replicas: [], sentinels: [], watches: [] };
    const result = look(SENTINEL, { ...group, s1: { ...old, sentinel: answers } });
    expect(result.topology.sentinels[0]?.run_id).toBe("id-r1");
    expect(result.verdict.state).toBe("healthy");
  });

  it("adds Sentinels and replicas that nobody lists", () => {
    const { topology } = look(SENTINEL, {
      r1: primary("r1", []),
      s1: sentinel("r1", { names: "r1", replicas: ["r7"], peers: ["r8", "r9"], gone: ["r9:26379"] }),
    });
    expect(topology.nodes.map(({ id, listed }) => [id, listed])).toEqual([
      ["10.0.114.7:6379", false],
      ["r1:6379", true],
    ]);
    expect(topology.sentinels.map(({ id }) => id)).toEqual(["10.0.114.8:26379", "r1:26379"]);
  });

  it("keeps a dead replica at the primary that Sentinel last knew for it", () => {
    const group = sentinelGroup();
    const r3 = group.r3;
    if (!r3) throw new Error("no r3");
    const result = look(SENTINEL, { ...group, r3: dead(r3) });
    expect(nodeOf(result, "r3:6379")).toMatchObject({ role: "unknown", primary_id: "r1:6379" });
    expect(nodeOf(result, "r3:6379").known_by).toEqual(["r1:6379", "r1:26379", "r2:26379", "r3:26379"]);
  });

  it("takes the primary that most Sentinels name when two answer as one", () => {
    const group = sentinelGroup();
    const result = look(SENTINEL, { ...group, r3: primary("r3", [], { master_repl_offset: "999999" }) });
    expect(result.topology.primary_id).toBe("r1:6379");
    expect(found(result, "two_primaries")?.message).toContain("What is written to r3:6379 will be lost");
  });
});

describe("the primary on which views agree best", () => {
  it("is the one that Sentinels name, though another has more replicas and more data", () => {
    const group = sentinelGroup();
    const result = look(SENTINEL, {
      ...group,
      r1: primary("r1", []),
      r2: replica("r2", "r3"),
      r3: primary("r3", ["r2"], { master_repl_offset: "9000" }, { initial_primary: false }),
    });
    expect(result.topology.primary_id).toBe("r1:6379");
  });

  it("is nobody where it does not answer us and Sentinels hold it to be down, though replicas have not noticed", () => {
    const group = sentinelGroup();
    const r1 = group.r1;
    if (!r1) throw new Error("no r1");
    const names = ["r1", "r2", "r3"];
    const down = (host: string) =>
      sentinel(host, {
        names: "r1",
        replicas: ["r2", "r3"],
        peers: names.filter((name) => name !== host),
        flags: "s_down,o_down",
      });
    const result = look(SENTINEL, { ...group, r1: dead(r1), s1: down("r1"), s2: down("r2"), s3: down("r3") });
    expect(result.topology.primary_id).toBeNull();
    expect(ids(result, "critical")).toEqual(["no_primary", "primary_odown"]);
  });
});

describe("what could not be read", () => {
  it("is null and never guessed, and the model still fits its schema", () => {
    const bare = data("r1", { info: {}, config: {} });
    const topology = buildTopology(REPLICATION, [
      bare,
      data("r2", { reach: { ok: false, code: "X", message: "x", next: [] } }),
    ]);
    expect(topologySchema.parse(topology)).toEqual(topology);
    expect(topology.nodes[0]).toMatchObject({
      role: "unknown",
      up: false,
      used_memory: null,
      keys: null,
      save_points: null,
    });
    expect(topology.primary_id).toBeNull();
  });

  it("gives a model of nothing for no observations", () => {
    expect(look(REPLICATION, {}).verdict.state).toBe("unreachable");
  });

  it("takes the later of two looks at the same instance", () => {
    const early = primary("r1", [], { redis_version: "7.0.1" });
    const late = primary("r1", [], { redis_version: "7.0.2" }, { at: "2026-01-01T00:00:05.000Z" });
    expect(buildTopology(REPLICATION, [late, early]).nodes.map(({ version }) => version)).toEqual(["7.0.2"]);
  });
});

describe("Valkey", () => {
  it("is told from Redis by its own version fields", () => {
    const info = { redis_version: "7.2.4", valkey_version: "9.1.2", server_name: "valkey", server_mode: "standalone" };
    const result = look(REPLICATION, { r1: primary("r1", [], info) });
    expect(nodeOf(result, "r1:6379")).toMatchObject({ engine: "valkey", version: "9.1.2" });
  });
});
