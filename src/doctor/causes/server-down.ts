import { lockedOut } from "../../topology/locked-out.ts";
import type { DataNode, SentinelNode } from "../../topology/schema.ts";
import { inLog, seen, wayEvidence, wayFrom } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause, Diagnosis, Evidence } from "../model.ts";

const LAST_WORDS =
  /Main process exited|Failed with result|oom-kill|Bad directive|>>> '|crashed by signal|Out Of Memory allocating|Fatal error loading|Bad file format|FATAL CONFIG FILE|Can't handle RDB|User requested shutdown|Received SIG(TERM|INT)|now ready to exit|Could not create server TCP|Failed (listening|opening)|unexpected end of file/i;

/** Lines of its log that are told. */
const WORDS_SHOWN = 6;

export const serverDown: Cause = {
  id: "server-down",
  title: "A server does not answer",
  symptoms: ["no-connection", "replica-behind", "no-failover", "writes-refused", "cluster-down"],
  why: "Whatever it was there for, another has to do, or nobody does; every one that is missing is one failure less to bear.",
  how: "A connection from here and from every other host; the last words in its log; the journal of its host.",
  diagnose: (facts) =>
    [...facts.topology.nodes, ...facts.topology.sentinels]
      .filter(({ reach, listed }) => listed && !reach.ok)
      .map((server) => diagnosisOf(server, facts)),
};

function diagnosisOf(server: DataNode | SentinelNode, facts: Facts): Diagnosis {
  const { id, reach } = server;
  const answers = Object.keys(facts.reaches).map((host) => wayFrom(facts, host, id)?.answer);
  const kills = killsOf(server, facts);
  return {
    severity: "warning",
    confidence: answers.length === 0 && kills.length === 0 ? "likely" : "certain",
    subjects: [id],
    message: `${id} does not answer: ${whyOf(server, answers, kills.length > 0)}`,
    evidence: [
      seen(id, "connection from here", `${reach.code ?? ""} ${reach.message ?? ""}`.trim()),
      ...Object.keys(facts.reaches).flatMap((host) => wayEvidence(facts, host, id)),
      ...kills,
      ...inLog(facts, id, LAST_WORDS, WORDS_SHOWN),
    ],
    next: [...reach.next, ...startIt(server)].slice(0, 4),
  };
}

function whyOf(server: DataNode | SentinelNode, answers: readonly (string | undefined)[], killed: boolean): string {
  if (lockedOut(server)) return "redisha may not log in, or cannot come to it; it may well be serving others";
  if (killed) return "the kernel of its host ended it for want of memory";
  if (answers.includes("open")) return "its port is open, and it says nothing: its process hangs, or is busy";
  if (answers.includes("refused")) return "its host is there, and nothing listens on its port";
  if (answers.includes("silent")) return "no other host can reach it either: its host is gone, or cut off";
  return "nobody else could be asked whether it answers them";
}

function killsOf({ host }: DataNode | SentinelNode, facts: Facts): Evidence[] {
  const kernel = facts.kernels[host];
  return (kernel?.kills ?? [])
    .filter(({ text }) => /redis|valkey|keydb|dragonfly/i.test(text))
    .slice(-2)
    .map(({ text, at }) => seen(host, "kernel", text, at));
}

function startIt(server: DataNode | SentinelNode): string[] {
  if (lockedOut(server)) return [];
  return [`on ${server.host}: systemctl status 'redis*' 'valkey*', then start it`, "redisha status --wide"];
}
