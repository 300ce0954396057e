import type { Instance } from "../inventory/model.ts";
import type { DataNode, SentinelNode } from "../topology/schema.ts";
import type { Facts, HostFacts, ProcessFacts, ServerFacts, WayFacts } from "./facts.ts";
import type { Finding, Fix, Outcome } from "./model.ts";

/** What a check says of one subject, in as many words as it takes. */
interface More {
  readonly wanted?: string;
  readonly next?: readonly string[];
  readonly fix?: Fix;
}

export const pass = (measured: string, more: More = {}): Finding => ({ verdict: "pass", measured, ...more });
export const warn = (measured: string, more: More = {}): Finding => ({ verdict: "warn", measured, ...more });
export const fail = (measured: string, more: More = {}): Finding => ({ verdict: "fail", measured, ...more });
export const skip = (why: string): Finding => ({ verdict: "skip", measured: why });
export const unknown = (why: string): Finding => ({ verdict: "unknown", measured: why });

/** Passes where `good` holds, fails where it does not. */
export function passIf(good: boolean, measured: string, more: More = {}): Finding {
  return good ? pass(measured) : fail(measured, more);
}

/** Thrown by what looks for a fact that was not read; the subject is then unknown, for this reason. */
class NotRead extends Error {}

/** The fact; where it is null, the subject that is being judged is `unknown`. */
export function known<T>(fact: T | null | undefined, why: string): T {
  if (fact === null || fact === undefined) throw new NotRead(why);
  return fact;
}

function judged(subject: string, judge: () => Finding): Outcome {
  try {
    return { subject, ...judge() };
  } catch (error) {
    if (error instanceof NotRead) return { subject, ...unknown(error.message) };
    throw error;
  }
}

/** One verdict on the deployment as a whole. */
export function onDeployment({ deployment }: Facts, judge: () => Finding): Outcome[] {
  return [judged(deployment.name, judge)];
}

/** An instance that answered, with all that was read of it. */
export interface Server extends ServerFacts {
  readonly instance: Instance;
  /** As the topology has it; undefined for a Sentinel. */
  readonly node: DataNode | undefined;
}

/** A verdict on each instance of a kind; one that does not answer is unknown. */
export function onServers(facts: Facts, kind: Instance["kind"], judge: (server: Server) => Finding): Outcome[] {
  return facts.deployment.instances
    .filter((instance) => instance.kind === kind)
    .map((instance) => judged(instance.id, () => judge(serverOf(facts, instance))));
}

/** The instances of a kind that answered. */
export function answering(facts: Facts, kind: Instance["kind"]): Server[] {
  return facts.deployment.instances
    .filter((instance) => instance.kind === kind && facts.servers[instance.id]?.reached)
    .map((instance) => serverOf(facts, instance));
}

function serverOf(facts: Facts, instance: Instance): Server {
  const server = known(facts.servers[instance.id], "it was not looked at");
  if (!server.reached) throw new NotRead(`it does not answer: ${server.why ?? "no reason given"}`);
  return { ...server, instance, node: facts.topology.nodes.find(({ id }) => id === instance.id) };
}

/** A Sentinel as the topology has it; one that gave no answer in time when that was built is unknown. */
export function sentinelOf({ topology }: Facts, { instance }: Server): SentinelNode {
  const sentinel = topology.sentinels.find(({ id }) => id === instance.id);
  if (!sentinel?.up) throw new NotRead("it did not answer in time when asked what it watches");
  return sentinel;
}

/** A verdict on the process of each instance of a kind, where its host lets redisha look. */
export function onProcesses(
  facts: Facts,
  kind: Instance["kind"],
  judge: (process: ProcessFacts, server: Server) => Finding,
): Outcome[] {
  return onServers(facts, kind, (server) => {
    const process = known(facts.processes[server.instance.id], "its process was not looked at");
    if (!process.read) throw new NotRead(`its host could not be asked: ${process.why ?? "no reason given"}`);
    return judge(process, server);
  });
}

/** A verdict on each host that an instance runs on. */
export function onHosts(facts: Facts, judge: (host: HostFacts, name: string) => Finding): Outcome[] {
  const used = new Set(facts.deployment.instances.map(({ host }) => host.name));
  return [...used].map((name) =>
    judged(name, () => {
      const host = known(facts.hosts[name], "the host was not looked at");
      if (!host.read) throw new NotRead(`the host could not be asked: ${host.why ?? "no reason given"}`);
      return judge(host, name);
    }),
  );
}

/** A verdict on the ways to each host that an instance runs on. */
export function onWays(facts: Facts, judge: (ways: WayFacts) => Finding): Outcome[] {
  const used = new Set(facts.deployment.instances.map(({ host }) => host.name));
  return [...used].map((name) => judged(name, () => judge(known(facts.ways[name], "the ways to it were not tried"))));
}

/** A directive as the server holds it in memory. */
export function directive(server: ServerFacts, name: string): string {
  const config = known(server.config, `CONFIG GET was refused: ${server.refused["CONFIG GET"] ?? "no reason given"}`);
  return known(config[name], `it has no directive ${name}`);
}

/** A field of INFO as a number. */
export function figure(server: ServerFacts, name: string): number {
  const info = known(server.info, `INFO was refused: ${server.refused.INFO ?? "no reason given"}`);
  const value = Number(known(info[name], `INFO has no ${name}`));
  return known(Number.isFinite(value) ? value : null, `INFO has no number for ${name}`);
}

/** A directive that is to have another value: takes effect at once, and CONFIG REWRITE keeps it. */
export function toSet(server: Server, name: string, value: string): More {
  return { fix: { kind: "config", directive: name, value }, next: settingOf(server, name, value) };
}

/** The same, typed by hand. */
function settingOf({ node }: Server, name: string, value: string): string[] {
  const cli = node?.redis_cli ?? "redis-cli";
  return [`${cli} CONFIG SET ${name} ${/^[\w.,:/-]+$/.test(value) ? value : `'${value}'`}`, `${cli} CONFIG REWRITE`];
}
