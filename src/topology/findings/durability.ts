import { beforeBar } from "../barred.ts";
import { lacksReplicas } from "../model/data-node.ts";
import type { DataNode, Finding } from "../schema.ts";
import { simulate } from "../simulate.ts";
import { count, few, list, onHostOf, redisCli } from "../words.ts";
import { type Case, finding } from "./case.ts";

/** Writes that are refused, or would be, and what a restart would leave of the data. */
export function durabilityFindings(facts: Case): Finding[] {
  const up = facts.topology.nodes.filter((node) => node.up);
  return [
    ...up.filter((node) => node.role === "primary" && lacksReplicas(node) && !isBarred(node)).map(blocked),
    ...up.filter(isBarred).map(barred),
    ...wouldBlock(facts),
    ...up
      .filter(({ aof_enabled, aof_last_write_ok }) => aof_enabled === true && aof_last_write_ok === false)
      .map(aofWrite),
    ...up.filter(({ last_bgsave_ok }) => last_bgsave_ok === false).map(bgsave),
    ...up
      .filter(({ aof_enabled, aof_last_rewrite_ok }) => aof_enabled === true && aof_last_rewrite_ok === false)
      .map(aofRewrite),
    ...noPersistence(up),
  ];
}

function isBarred({ min_replicas_to_write }: DataNode): boolean {
  return beforeBar(min_replicas_to_write) !== undefined;
}

/** Set by redisha while slots leave a shard. Lifted by hand, with slots still on their way, it costs what it is there for. */
function barred(node: DataNode): Finding {
  const leads = node.role === "primary";
  return finding({
    id: "writes_barred",
    severity: leads ? "critical" : "info",
    subject: node.id,
    message: leads
      ? `${node.id} refuses every write with NOREPLICAS: it took over while slots of its shard were on their way, and nobody has told it which`
      : `${node.id} would refuse writes should it take over: slots of its shard are on their way, or were when that was broken off`,
    evidence: [
      `min-replicas-to-write ${node.min_replicas_to_write}, and ${beforeBar(node.min_replicas_to_write)} before`,
    ],
    next: [
      "is something moving slots now? Then it is lifted by that: look again",
      "redisha runs list names a run that was broken off: redisha runs resume",
      "without such a run: redisha cluster fix",
    ],
  });
}

function blocked(node: DataNode): Finding {
  return finding({
    id: "min_replicas_blocks_writes",
    severity: "critical",
    subject: node.id,
    message: `${node.id} refuses every write with NOREPLICAS: it has ${count(node.good_replicas ?? 0, "good replica")} and min-replicas-to-write is ${node.min_replicas_to_write}`,
    evidence: [
      `min-replicas-to-write ${node.min_replicas_to_write}, min-replicas-max-lag ${node.min_replicas_max_lag}`,
      ...node.attached.map(({ address, state, lag_s }) => `attached ${address} ${state}, lag ${lag_s} s`),
    ],
    next: [
      "bring the missing replicas back",
      `or let it write without them: ${redisCli(node, "CONFIG", "SET", "min-replicas-to-write", String(node.good_replicas ?? 0))}`,
      `and once they are back: ${redisCli(node, "CONFIG", "SET", "min-replicas-to-write", String(node.min_replicas_to_write))}`,
    ],
  });
}

/** Losing one more data instance would block writes. By design (all are in sync) it is a remark, by damage a warning. */
function wouldBlock({ topology }: Case): Finding[] {
  if (!simulate(topology, []).survives) return [];
  const data = topology.nodes.filter(({ up }) => up);
  const cases = data
    .map(({ id }) => ({
      id,
      reason: simulate(topology, [id]).reasons.find((text) => text.includes("min-replicas-to-write")),
    }))
    .filter((entry) => entry.reason !== undefined);
  const first = cases[0];
  if (!first) return [];
  const damaged = topology.nodes.some(
    ({ listed, up, role, link_up }) => listed && (!up || (role === "replica" && link_up !== true)),
  );
  return [
    finding({
      id: "min_replicas_would_block",
      severity: damaged ? "warning" : "info",
      subject: topology.deployment,
      message: `Losing ${cases.length === data.length ? "any one data instance" : list(cases.map(({ id }) => id))} would stop all writes: ${first.reason}`,
      evidence: cases.map(({ id, reason }) => `without ${id}: ${reason}`),
      next: ["add a replica, or lower min-replicas-to-write"],
    }),
  ];
}

function aofWrite(node: DataNode): Finding {
  return finding({
    id: "aof_write_error",
    severity: node.role === "primary" ? "critical" : "warning",
    subject: node.id,
    message: `${node.id} cannot write its append-only file${node.role === "primary" ? " and refuses writes with MISCONF" : ""}: is its disk full or read-only?`,
    evidence: ["INFO aof_last_write_status:err"],
    next: [onHostOf(node, "df -h"), `read the log of ${node.id}`],
  });
}

function bgsave(node: DataNode): Finding {
  const refuses = node.role === "primary" && node.stop_writes_on_bgsave_error !== false && node.save_points !== "";
  const assumed = node.stop_writes_on_bgsave_error === null ? ", its default (it was not read)" : "";
  return finding({
    id: "bgsave_error",
    severity: refuses ? "critical" : "warning",
    subject: node.id,
    message: refuses
      ? `The last snapshot of ${node.id} failed and it refuses every write with MISCONF: stop-writes-on-bgsave-error is yes${assumed}`
      : `The last snapshot of ${node.id} failed${node.last_save_at === null ? "" : `; the last good one is of ${node.last_save_at}`}`,
    evidence: [
      `INFO rdb_last_bgsave_status:err, ${node.changes_since_save ?? "unknown"} changes since the last good one`,
    ],
    next: [
      onHostOf(node, "df -h"),
      `look at permissions of dir, free memory (vm.overcommit_memory) and the log of ${node.id}`,
      `then try: ${redisCli(node, "BGSAVE")}`,
    ],
  });
}

function aofRewrite(node: DataNode): Finding {
  return finding({
    id: "aof_rewrite_error",
    severity: "warning",
    subject: node.id,
    message: `${node.id} could not rewrite its append-only file: it keeps growing`,
    evidence: ["INFO aof_last_bgrewrite_status:err"],
    next: [onHostOf(node, "df -h"), redisCli(node, "BGREWRITEAOF")],
  });
}

/**
 * A primary that keeps nothing on disk comes back empty when it is restarted faster than down-after (systemd takes
 * 0.1 s), and its replicas then copy the emptiness. Nothing anywhere on disk may be what a cache wants, so it is a
 * remark; a primary without beside replicas with persistence is a slip.
 */
function noPersistence(up: readonly DataNode[]): Finding[] {
  const without = up.filter(({ aof_enabled, save_points }) => aof_enabled === false && save_points === "");
  const primaries = without.filter(({ role }) => role === "primary");
  if (without.length === 0) return [];
  const mixed =
    primaries.length > 0 &&
    up.some(({ aof_enabled, save_points }) => aof_enabled === true || (save_points ?? "") !== "");
  const names = few(without.map(({ id }) => id));
  const keep = without.length === 1 ? "keeps" : "keep";
  return [
    finding({
      id: "no_persistence",
      severity: mixed ? "warning" : "info",
      subject: list((primaries.length > 0 ? primaries : without).slice(0, 1).map(({ id }) => id)),
      message:
        primaries.length > 0
          ? `${names} ${keep} nothing on disk: a primary that is restarted before a failover comes back empty, and its replicas copy that`
          : `${names} ${keep} nothing on disk: after a restart they need a full sync`,
      evidence: without.map(({ id }) => `${id} save "", appendonly no`),
      next: [
        "for data that matters: CONFIG SET appendonly yes",
        "for a cache: see that nothing restarts a dead primary at once",
      ],
    }),
  ];
}
