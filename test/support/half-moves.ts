import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { slotOf } from "../../src/drill/hash-slot.ts";
import { ENGINE_ROOT } from "./engines.ts";
import type { TestLab } from "./lab.ts";

/** A node of a cluster as something talks to it that goes where nobody redirects it. */
export interface Node {
  readonly id: string;
  readonly nodeId: string;
  readonly address: string;
  readonly port: number;
  say(...command: string[]): Promise<string>;
}

/** The node of that name, of a lab without passwords. */
async function nodeOf(lab: TestLab, id: string): Promise<Node> {
  const { address, port } = lab.status.processes.find((each) => each.id === id) ?? { address: "", port: 0 };
  const cli = join(ENGINE_ROOT, "redis-7.0", "bin", "redis-cli");
  const say = async (...command: string[]) => {
    const { stdout } = await promisify(execFile)(cli, ["-h", address, "-p", String(port), ...command]);
    if (/^(ERR|MOVED|ASK|IOERR|NOKEY|BUSYKEY|TRYAGAIN|CROSSSLOT)/.test(stdout)) throw new Error(stdout);
    return stdout.trimEnd();
  };
  return { id, nodeId: await say("CLUSTER", "MYID"), address, port, say };
}

/** The first primary of that shard, whoever of the two it is. */
export async function leaderOf(lab: TestLab, ...members: string[]): Promise<Node> {
  const nodes = await Promise.all(members.map((id) => nodeOf(lab, id)));
  for (const node of nodes) if ((await node.say("ROLE")).startsWith("master")) return node;
  throw new Error(`none of ${members.join(", ")} is a primary`);
}

/** Names of keys that all lie in this slot. */
export function keysIn(slot: number, count: number): string[] {
  for (let tag = 0; ; tag += 1) {
    if (slotOf(`t${tag}`) === slot) return Array.from({ length: count }, (_, index) => `{t${tag}}:${index}`);
  }
}

/** Marks a slot as on its way, at the end that is named or at both. */
export async function open(slot: number, from: Node, to: Node, at: "source" | "target" | "both"): Promise<void> {
  if (at !== "source") await to.say("CLUSTER", "SETSLOT", String(slot), "IMPORTING", from.nodeId);
  if (at !== "target") await from.say("CLUSTER", "SETSLOT", String(slot), "MIGRATING", to.nodeId);
}

/** Moves keys as any tool would; with `COPY` they stay at the source, too. */
export async function migrate(from: Node, to: Node, keys: readonly string[], ...how: string[]): Promise<void> {
  await from.say("MIGRATE", to.address, String(to.port), "", "0", "5000", ...how, "KEYS", ...keys);
}

/** A command of a client that was sent there with ASK. */
export async function asked(node: Node, ...command: string[]): Promise<string> {
  const script = `ASKING\n${command.map((word) => JSON.stringify(word)).join(" ")}\n`;
  const cli = join(ENGINE_ROOT, "redis-7.0", "bin", "redis-cli");
  const running = promisify(execFile)(cli, ["-h", node.address, "-p", String(node.port)]);
  running.child.stdin?.end(script);
  return (await running).stdout.trimEnd().split("\n").slice(1).join("\n");
}
