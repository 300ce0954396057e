import { formatBytes } from "../../core/units.ts";
import { errorEvidence, inConfig, inInfo, inLog, seen } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause, Diagnosis, Evidence } from "../model.ts";

const SAVE =
  /Can't save in background|Failed opening the (temp )?RDB|Write error saving DB|Background saving error|Error moving temp DB|No space left|Permission denied|Cannot allocate memory/i;
const AOF =
  /(Error|Short write).*(AOF|append only)|AOF fsync|AOF rewrite .*(fail|error)|Background AOF rewrite terminated|No space left/i;

/** Of a disk, what should be free for the next snapshot beside the last one. */
const LITTLE = 0.05;

export const saveFailing: Cause = {
  id: "save-failing",
  title: "A server cannot write its data to disk",
  symptoms: ["writes-refused", "memory"],
  why: "A primary whose snapshot failed refuses every write with MISCONF, as long as stop-writes-on-bgsave-error is on; one whose append-only file cannot be written does so at once. A full disk is the usual reason, memory for the fork the next.",
  how: "rdb_last_bgsave_status and aof_last_write_status of every server, why in its log, the room on its disk, vm.overcommit_memory of its host.",
  diagnose: (facts) =>
    facts.topology.nodes
      .filter(({ reach }) => reach.ok)
      .flatMap((node) => {
        const snapshot = node.last_bgsave_ok === false;
        const aof =
          node.aof_enabled === true && (node.aof_last_write_ok === false || node.aof_last_rewrite_ok === false);
        return snapshot || aof ? [diagnosisOf(node, { snapshot, aof }, facts)] : [];
      }),
};

function diagnosisOf(
  { id, host, role, stop_writes_on_bgsave_error, save_points, aof_last_write_ok }: Facts["topology"]["nodes"][number],
  { snapshot, aof }: { snapshot: boolean; aof: boolean },
  facts: Facts,
): Diagnosis {
  const refuses =
    role === "primary" &&
    ((snapshot && stop_writes_on_bgsave_error === true && save_points !== "") || aof_last_write_ok === false);
  const disk = facts.processes[id]?.disk;
  const full = disk ? disk.free < disk.size * LITTLE : undefined;
  const logged = [...(snapshot ? inLog(facts, id, SAVE, 2) : []), ...(aof ? inLog(facts, id, AOF, 2) : [])];
  const why = reason(logged, full);
  return {
    severity: refuses ? "critical" : "warning",
    confidence: why === undefined ? "likely" : "certain",
    subjects: [id],
    message: `${id} cannot write its ${aof ? "append-only file" : "snapshot"}${why === undefined ? "" : `: ${why}`}${refuses ? "; every write gets MISCONF" : ""}`,
    evidence: [
      ...inInfo(
        facts,
        id,
        ...(snapshot ? ["rdb_last_bgsave_status"] : []),
        ...(aof ? ["aof_last_write_status", "aof_last_bgrewrite_status"] : []),
      ),
      ...logged,
      ...(disk
        ? [seen(host, `disk of ${disk.path}`, `${formatBytes(disk.free)} of ${formatBytes(disk.size)} free`)]
        : []),
      ...(facts.hosts[host]?.overcommit_memory === 0 ? [seen(host, "vm.overcommit_memory", "0")] : []),
      ...errorEvidence(facts, id, "MISCONF"),
      ...inConfig(facts, id, "dir"),
    ],
    mend: { runbook: "persist-again", inputs: { node: id } },
    next: [
      ...(full ? [`make room on ${host} first: df -h ${disk?.path ?? ""}`] : []),
      ...(why === MEMORY ? ["redisha run init-os sets vm.overcommit_memory"] : []),
      ...(why === RIGHTS
        ? [`on ${host}: ls -ld ${disk?.path ?? "its folder"}; it has to be writable for the server's user`]
        : []),
    ],
  };
}

const MEMORY = "there is no memory for the fork";
const RIGHTS = "it may not write there";

function reason(logged: readonly Evidence[], full: boolean | undefined): string | undefined {
  const says = (pattern: RegExp) => logged.some(({ value }) => pattern.test(value));
  if (says(/No space left/i) || full === true) return "its disk is full";
  if (says(/Cannot allocate memory/i)) return MEMORY;
  if (says(/Permission denied|Read-only file system/i)) return RIGHTS;
  if (says(/No such file/i)) return "its folder is gone";
  return says(/Error moving temp DB/i) ? "what it has written cannot be put in the place of the last one" : undefined;
}
