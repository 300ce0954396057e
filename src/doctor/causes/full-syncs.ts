import { formatBytes } from "../../core/units.ts";
import { figure, inConfig, inInfo, inLog, lastLogged, timesLogged } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause, Diagnosis } from "../model.ts";
import { cannotLoad } from "../replication.ts";

/** Full syncs in the window by which one more than a restart or two is told. */
const STORM = 3;

const FULL = /Full resync (requested by|from)/;
const BUFFER_HIT = /overcoming of output buffer limits/;
const NO_BACKLOG = /Unable to partial resync .*lack of backlog|Partial resynchronization not possible/;

/** Silence after which a storm is held to be over. */
const CALM_MS = 60_000;

const MIB = 1024 ** 2;
/** What a replica's output buffer should hold at least: the limit that Redis is shipped with. */
const LEAST_BUFFER = 256 * MIB;

export const fullSyncs: Cause = {
  id: "full-syncs",
  title: "Replicas copy everything again and again",
  symptoms: ["full-syncs", "replica-behind", "slow", "memory"],
  why: "Each full sync forks the primary, sends all its data and empties the replica. Where the backlog is shorter than a break, or the output buffer smaller than what is written meanwhile, the next one begins where this one failed.",
  how: "sync_full and sync_partial_err of every server that has replicas, full syncs in its log, replicas that it cut off for their output buffer, the directives and the rate of writes.",
  diagnose: (facts) =>
    facts.topology.nodes
      .filter(({ reach }) => reach.ok)
      .flatMap(({ id }) => {
        const hits = timesLogged(facts, id, BUFFER_HIT);
        const syncs = timesLogged(facts, id, /Full resync requested by/);
        // What a replica cannot load, it asks for again and again: no buffer mends that.
        const foreign = facts.topology.nodes.some((node) => node.primary_id === id && cannotLoad(facts, node));
        return hits > 0 || (syncs >= STORM && !foreign) ? [diagnosisOf(id, hits, syncs, facts)] : [];
      }),
};

function diagnosisOf(id: string, hits: number, syncs: number, facts: Facts): Diagnosis {
  const backlog = Number(facts.servers[id]?.config?.["repl-backlog-size"] ?? 0);
  const limit = replicaLimit(facts.servers[id]?.config?.["client-output-buffer-limit"]);
  const data = figure(facts, id, "used_memory_dataset") ?? 0;
  const buffer = Math.max(LEAST_BUFFER, limit * 2, roundUp(data));
  const wanted = Math.max(64 * MIB, backlog * 4);
  const because =
    hits > 0
      ? `it cut replicas off ${hits} times, whose output buffer was over ${formatBytes(limit)}`
      : `its backlog of ${formatBytes(backlog)} did not reach back to where they were`;
  const over = isOver(id, facts);
  return {
    severity: over ? "info" : "warning",
    confidence: hits > 0 || timesLogged(facts, id, NO_BACKLOG) > 0 ? "certain" : "likely",
    subjects: [id],
    message: `${id} gave ${syncs} full syncs within ${Math.round(facts.withinMs / 60_000)} min: ${because}${over ? ". Now all replicas have their links" : ""}`,
    evidence: [
      ...inInfo(facts, id, "sync_full", "sync_partial_ok", "sync_partial_err"),
      ...inLog(facts, id, BUFFER_HIT, 1),
      ...inLog(facts, id, NO_BACKLOG, 1),
      ...inLog(facts, id, FULL, 1),
      ...facts.topology.nodes
        .filter(({ primary_id }) => primary_id === id)
        .flatMap((replica) => inLog(facts, replica.id, /Partial resynchronization not possible|I\/O error|lost/i, 1)),
      ...inConfig(facts, id, "repl-backlog-size"),
      ...inConfig(facts, id, "client-output-buffer-limit"),
      ...inInfo(facts, id, "used_memory_dataset", "instantaneous_input_kbps"),
    ],
    mend: {
      runbook: "grow-replication-buffers",
      inputs: { backlog: String(wanted), ...(hits > 0 || limit < LEAST_BUFFER ? { buffer: String(buffer) } : {}) },
    },
    next: ["redisha size: what the backlog should be by the rate of writes"],
  };
}

/** Every replica has its link, and none was cut off or began anew for a minute. */
function isOver(id: string, facts: Facts): boolean {
  const replicas = facts.topology.nodes.filter(({ primary_id }) => primary_id === id);
  const last = lastLogged(facts, id, /overcoming of output buffer limits|Full resync requested by/);
  return replicas.every(({ link_up }) => link_up === true) && facts.nowMs - last > CALM_MS;
}

/** The hard limit of replicas among `normal 0 0 0 slave 268435456 67108864 60 …`. */
function replicaLimit(text = ""): number {
  return Number(/(?:slave|replica) (\d+)/.exec(text)?.[1] ?? 0);
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / MIB) * MIB;
}
