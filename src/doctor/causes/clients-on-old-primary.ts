import { list, redisCli } from "../../topology/words.ts";
import { clientsOf } from "../clients.ts";
import { errorEvidence, errorsOf, seen, watching } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause, Diagnosis } from "../model.ts";

export const clientsOnOldPrimary: Cause = {
  id: "clients-on-old-primary",
  title: "Clients write to a server that is not the primary",
  symptoms: ["writes-lost", "writes-refused", "no-connection"],
  why: "A client that keeps its connection, or an address, through a failover gets READONLY from a replica; from an old primary that knows nothing of the new one it gets OK for writes that will be lost.",
  how: "CLIENT LIST of every server that is not the primary: who is connected there without being a replica, a Sentinel or redisha, and what it sent last; READONLY errors that the server gave.",
  diagnose: (facts) => {
    const { topology } = facts;
    if (topology.kind === "cluster" || topology.primary_id === null) return [];
    return topology.nodes
      .filter(({ id, reach }) => reach.ok && id !== topology.primary_id)
      .flatMap((node) => diagnosisOf(node, topology.primary_id ?? "", facts));
  },
};

function diagnosisOf(node: Facts["topology"]["nodes"][number], primary: string, facts: Facts): Diagnosis[] {
  const clients = clientsOf(facts, node.id);
  const writing = clients.filter(({ command }) => WRITES.test(command));
  const stale = node.role === "primary";
  const refused = errorsOf(facts, node.id, "READONLY");
  if (writing.length === 0 && !(stale && clients.length > 0) && !(refused > 0 && clients.length > 0)) return [];
  // Where errors are old and nobody writes now, those who are there may only read.
  const certain = writing.length > 0;
  const who = certain ? writing : clients;
  const from = [...new Set(who.map(({ address }) => address))];
  return [
    {
      severity: stale ? "critical" : "warning",
      confidence: certain ? "certain" : stale ? "likely" : "possible",
      subjects: [node.id],
      message: stale
        ? `${who.length} clients from ${list(from)} are connected to ${node.id}, which takes their writes though ${primary} is the primary`
        : `${who.length} clients from ${list(from)} ${certain ? "write" : "may write"} to ${node.id}, a replica: they get READONLY, and do not look for ${primary}`,
      evidence: [
        ...who
          .slice(0, 5)
          .map(({ address, command, user, library }) =>
            seen(node.id, "CLIENT LIST", [`${address} sent ${command} as ${user}`, library].filter(Boolean).join(", ")),
          ),
        ...errorEvidence(facts, node.id, "READONLY"),
        ...watching(facts)
          .slice(0, 1)
          .map((sentinel) => seen(sentinel.id, "SENTINEL MASTER", `names ${sentinel.primary_id ?? "nobody"}`)),
      ],
      mend: { runbook: "demote-stale-primary", inputs: { node: node.id, primary } },
      next: [
        "the application has to ask Sentinel, or a proxy that follows it, for the primary",
        redisCli(node, "CLIENT", "LIST", "TYPE", "normal"),
      ],
    },
  ];
}

/** Commands that an application writes with; CLIENT LIST tells the last one of each connection. */
const WRITES =
  /^(set|setex|psetex|setnx|mset|msetnx|getset|getdel|getex|append|incr|incrby|incrbyfloat|decr|decrby|del|unlink|expire|expireat|pexpire|pexpireat|persist|rename|renamenx|copy|restore|lpush|rpush|lpushx|rpushx|lpop|rpop|lrem|lset|ltrim|linsert|lmove|rpoplpush|blpop|brpop|blmove|sadd|srem|spop|smove|hset|hsetnx|hmset|hdel|hincrby|hincrbyfloat|zadd|zrem|zincrby|zpopmin|zpopmax|bzpopmin|bzpopmax|xadd|xdel|xtrim|xack|xgroup.*|xreadgroup|pfadd|pfmerge|geoadd|setbit|bitfield|setrange|flushdb|flushall)$/i;
