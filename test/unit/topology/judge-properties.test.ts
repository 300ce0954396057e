import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EXIT } from "../../../src/core/exit-codes.ts";
import { buildTopology } from "../../../src/topology/build-topology.ts";
import { judge } from "../../../src/topology/judge.ts";
import type { Declared, Observation } from "../../../src/topology/observation.ts";
import { topologySchema, verdictSchema } from "../../../src/topology/schema.ts";
import { verdictExit } from "../../../src/topology/verdict-exit.ts";
import { CLUSTER, clusterGroup, dead, primary, REPLICATION, replica, SENTINEL, sentinel } from "./deployments.ts";

const kinds: Record<Declared["kind"], Declared> = { sentinel: SENTINEL, replication: REPLICATION, cluster: CLUSTER };
const kind = fc.constantFrom<Declared["kind"]>("sentinel", "replication", "cluster");

/** Text that looks like the real thing often enough to reach deep code. */
const value = fc.oneof(
  fc.string(),
  fc.constantFrom(
    "0",
    "1",
    "-1",
    "ok",
    "err",
    "up",
    "down",
    "master",
    "slave",
    "yes",
    "no",
    "10.0.114.1",
    "6379",
    "cluster",
  ),
  fc.integer().map(String),
);
const infoName = fc.constantFrom(
  ..."role master_host master_port master_link_status master_link_down_since_seconds master_sync_in_progress slave_repl_offset".split(
    " ",
  ),
  ..."master_repl_offset master_replid slave0 slave1 connected_slaves loading used_memory maxmemory maxmemory_policy".split(
    " ",
  ),
  ..."rdb_last_bgsave_status aof_enabled aof_last_write_status redis_version valkey_version run_id redis_mode db0".split(
    " ",
  ),
  ..."total_system_memory connected_clients maxclients min_slaves_good_slaves errorstat_NOAUTH rdb_last_save_time sentinel_tilt".split(
    " ",
  ),
);
const map = fc.dictionary(infoName, value);
const peer = fc.record({
  ip: fc.constantFrom("10.0.114.1", "10.0.114.2", "10.0.114.3", "127.0.0.1", "?"),
  port: fc.constantFrom("6379", "26379", "x"),
  runid: fc.constantFrom("", "run-r1", "id-r2"),
  flags: fc.constantFrom("slave", "s_down,slave", "master,o_down", "sentinel", ""),
});
const nodesText = fc
  .array(
    fc.tuple(
      fc.constantFrom("aa", "bb", "cc"),
      fc.constantFrom("10.0.114.1:6379@16379", ":0@0", "10.0.114.2:6379@1,name", "junk"),
      fc.constantFrom("myself,master", "master", "slave", "master,fail", "slave,fail?", "handshake", "noflags"),
      fc.constantFrom("-", "aa", "zz"),
      fc.constantFrom("connected", "disconnected"),
      fc.constantFrom("0-5460", "5461-16383", "7", "[7->-bb]", "[7-<-aa]", "99999", ""),
    ),
    { maxLength: 6 },
  )
  .map((rows) =>
    rows.map(([id, at, flags, of, link, slots]) => `${id} ${at} ${flags} ${of} 0 0 1 ${link} ${slots}`).join("\n"),
  );

const wild: fc.Arbitrary<Observation> = fc
  .record({
    host: fc.constantFrom("r1", "r2", "r3", "r4"),
    sentinelKind: fc.boolean(),
    ok: fc.boolean(),
    listed: fc.boolean(),
    first: fc.boolean(),
    info: map,
    role: fc.array(fc.oneof(value, fc.integer(), fc.array(value))),
    config: fc.dictionary(
      fc.constantFrom("save", "min-replicas-to-write", "replica-priority", "replica-announce-ip"),
      value,
    ),
    peers: fc.array(peer, { maxLength: 3 }),
    others: fc.array(peer, { maxLength: 3 }),
    nodes: nodesText,
  })
  .map(({ host, sentinelKind, ok, listed, first, info, role, config, peers, others, nodes }) => {
    const base = { ...primary(host, []), listed, initial_primary: first, info, role, config };
    const seen: Observation = sentinelKind
      ? {
          ...base,
          instance: `${host}:26379`,
          port: 26_379,
          kind: "sentinel",
          sentinel: {
            watches: ["mymaster"],
            replicas: peers,
            sentinels: others,
            ...(peers[0] ? { master: peers[0] } : {}),
          },
        }
      : { ...base, cluster: { info, nodes } };
    return ok ? seen : dead(seen);
  });

const distinct = fc.uniqueArray(wild, { selector: ({ instance }) => instance, maxLength: 8 });

describe("whatever instances answer", () => {
  it("there is a model and a verdict that fit their schemas, and an exit status of the table", () => {
    fc.assert(
      fc.property(kind, fc.array(wild, { maxLength: 8 }), (name, observations) => {
        const topology = buildTopology(kinds[name], observations);
        expect(topologySchema.parse(topology)).toEqual(topology);
        const verdict = judge(topology);
        expect(verdictSchema.parse(verdict)).toEqual(verdict);
        expect([EXIT.done, EXIT.unhealthy, EXIT.cannotConnect]).toContain(verdictExit(verdict));
        const severe = verdict.findings.filter(({ severity }) => severity !== "info").length;
        if (verdict.state === "healthy") expect(severe).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  it("their order does not matter, and the same answers give the same verdict", () => {
    const shuffled = distinct.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length })),
    );
    fc.assert(
      fc.property(kind, shuffled, (name, [one, other]) => {
        const first = buildTopology(kinds[name], one);
        expect(buildTopology(kinds[name], other)).toEqual(first);
        expect(judge(structuredClone(first))).toEqual(judge(first));
      }),
      { numRuns: 200 },
    );
  });

  it("the observations and the model are left as they were", () => {
    fc.assert(
      fc.property(kind, distinct, (name, observations) => {
        const before = structuredClone(observations);
        const topology = buildTopology(kinds[name], observations);
        const modelBefore = structuredClone(topology);
        judge(topology);
        expect(observations).toEqual(before);
        expect(topology).toEqual(modelBefore);
      }),
      { numRuns: 100 },
    );
  });
});

describe("the exit status of a look", () => {
  it.each([
    ["healthy", EXIT.done],
    ["degraded", EXIT.unhealthy],
    ["critical", EXIT.unhealthy],
    ["unreachable", EXIT.cannotConnect],
  ] as const)("of a deployment that is %s is %i", (state, exit) => {
    const tolerance = { failures: 0, text: "", limited_by: [] };
    expect(verdictExit({ state, summary: "", tolerance, findings: [] })).toBe(exit);
  });
});

describe("taking a healthy replica away", () => {
  const names = ["r1", "r2", "r3", "r4", "r5", "r6"];
  const group = fc.record({
    replicas: fc.subarray(names.slice(1), { minLength: 1 }),
    watchers: fc.subarray(names, { minLength: 1 }),
    quorum: fc.integer({ min: 1, max: 4 }),
    min: fc.integer({ min: 0, max: 3 }),
    hosts: fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f"), { minLength: 6, maxLength: 6 }),
    gone: fc.nat(),
  });

  it("never lets a group with Sentinel tolerate more", () => {
    fc.assert(
      fc.property(group, ({ replicas, watchers, quorum, min, hosts, gone }) => {
        const bears = (left: readonly string[]) => {
          const config = {
            "min-replicas-to-write": String(min),
            "min-replicas-max-lag": "10",
            "replica-priority": "100",
          };
          const at = (name: string) => ({ host: hosts[names.indexOf(name)] ?? name });
          const all = [
            { ...primary("r1", left, {}, { config }), ...at("r1") },
            ...left.map((name) => ({ ...replica(name, "r1", {}, { config }), ...at(name) })),
            ...watchers.map((name) => ({
              ...sentinel(name, {
                names: "r1",
                replicas: left,
                peers: watchers.filter((other) => other !== name),
                quorum,
              }),
              ...at(name),
            })),
          ];
          return judge(buildTopology(SENTINEL, all)).tolerance.failures;
        };
        const lost = replicas[gone % replicas.length];
        expect(bears(replicas.filter((name) => name !== lost))).toBeLessThanOrEqual(bears(replicas));
      }),
      { numRuns: 300 },
    );
  });

  it("never lets a cluster tolerate more", () => {
    const cluster = clusterGroup();
    for (const lost of ["c4", "c5", "c6"]) {
      const rest = clusterGroup((lines) => lines.filter((line) => !line.includes(` slave `) || !line.startsWith(lost)));
      const less = Object.values(rest).filter(({ host }) => host !== lost);
      const before = judge(buildTopology(CLUSTER, Object.values(cluster))).tolerance.failures;
      expect(judge(buildTopology(CLUSTER, less)).tolerance.failures).toBeLessThan(before);
    }
  });
});
