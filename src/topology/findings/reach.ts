import { NOT_OBSERVED } from "../model/silent.ts";
import type { DataNode, Finding, SentinelNode } from "../schema.ts";
import { few, redisCli } from "../words.ts";
import { type Case, finding } from "./case.ts";

/** Who did not answer, who answers but cannot serve yet, and what could not be looked at. */
export function reachFindings(facts: Case): Finding[] {
  const { nodes, sentinels } = facts.topology;
  return [
    ...nodes.filter(silent).map(unreachable),
    ...sentinels.filter(silent).map(sentinelUnreachable),
    ...nodes.filter(({ loading }) => loading).map(loading),
    ...nodes.filter(({ reach, role }) => reach.ok && role === "unknown").map(roleUnknown),
    ...[...nodes, ...sentinels].flatMap(notChecked),
    ...wrongKind(facts),
  ];
}

function silent({ reach }: DataNode | SentinelNode): boolean {
  return !reach.ok && reach.code !== NOT_OBSERVED;
}

function unreachable(node: DataNode): Finding {
  return finding({
    id: "instance_unreachable",
    severity: "warning",
    subject: node.id,
    message: `${node.id} gave no answer: ${why(node)}`,
    evidence: [`asked over ${node.via}, ${Math.round(node.latency_ms)} ms`, ...spokenOf(node)],
    next: node.reach.next,
  });
}

function sentinelUnreachable(sentinel: SentinelNode): Finding {
  return finding({
    id: "sentinel_unreachable",
    severity: "warning",
    subject: sentinel.id,
    message: `Sentinel ${sentinel.id} gave no answer: ${why(sentinel)}`,
    evidence: [`asked over ${sentinel.via}, ${Math.round(sentinel.latency_ms)} ms`, ...spokenOf(sentinel)],
    next: sentinel.reach.next,
  });
}

function why({ reach }: DataNode | SentinelNode): string {
  return `${reach.message?.replace(/\.$/, "") ?? "no reason was given"} (${reach.code ?? "UNKNOWN"})`;
}

function spokenOf({ known_by }: DataNode | SentinelNode): string[] {
  return known_by.length === 0 ? [] : [`known to ${few(known_by)}`];
}

function loading(node: DataNode): Finding {
  const left = node.loading_left_s === null ? "" : `, about ${node.loading_left_s} s left by its own estimate`;
  return finding({
    id: "instance_loading",
    severity: "warning",
    subject: node.id,
    message: `${node.id} is loading its data and serves nobody yet${left}`,
    evidence: ["INFO loading:1"],
    next: [redisCli(node, "INFO", "persistence")],
  });
}

function roleUnknown(node: DataNode): Finding {
  return finding({
    id: "role_unknown",
    severity: "warning",
    subject: node.id,
    message: `${node.id} answers, but does not say whether it is a primary or a replica`,
    evidence: node.refused.map(({ command, code }) => `${command}: ${code}`),
    next: [`allow redisha's user to run INFO and ROLE there`],
  });
}

/** Refusals are no fault of the deployment, but what they hide must not pass for checked. */
function notChecked(item: DataNode | SentinelNode): Finding[] {
  if (item.refused.length === 0) return [];
  const commands = [...new Set(item.refused.map(({ command }) => command))];
  const rules = item.refused.some(({ code }) => code.includes("NOPERM"));
  return [
    finding({
      id: "not_checked",
      severity: "info",
      subject: item.id,
      message: `${item.id} refused ${few(commands)}: what depends on that was not checked`,
      evidence: item.refused.map(({ command, code, message }) => `${command}: ${code} ${message}`.trim()),
      next: rules ? [`allow redisha's user: ${commands.map((name) => `+${aclName(name)}`).join(" ")}`] : [],
    }),
  ];
}

/** `CONFIG GET save` as a rule of an ACL: `config|get`. */
function aclName(command: string): string {
  const [name = "", sub] = command.toLowerCase().split(/\s+/);
  return ["config", "cluster", "sentinel", "client", "acl", "memory"].includes(name) && sub ? `${name}|${sub}` : name;
}

/** A cluster declared as something else, or the other way round: most of the other rules would look at the wrong thing. */
function wrongKind({ topology }: Case): Finding[] {
  const wanted = topology.kind === "cluster" ? "cluster" : "standalone";
  const wrong = topology.nodes.filter(({ mode, up }) => up && mode !== null && mode !== wanted);
  if (wrong.length === 0) return [];
  const others = wrong.map(({ id }) => id);
  return [
    finding({
      id: "wrong_topology_kind",
      severity: "warning",
      subject: topology.deployment,
      message: `redisha.yaml says topology: ${topology.kind}, but ${few(others)} ${others.length === 1 ? "runs" : "run"} in ${wrong[0]?.mode} mode`,
      evidence: wrong.map(({ id, mode }) => `${id} INFO redis_mode:${mode}`),
      next: ["correct `topology` in redisha.yaml, or the address and port of these instances"],
    }),
  ];
}
