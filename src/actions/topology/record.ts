import { z } from "zod";
import type { RedisConnection } from "../../connect/types.ts";
import type { Instance } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";

/** How an instance is set up: role, version, and each directive by name. Passwords are left out. */
export const recordSchema = z.record(z.string(), z.record(z.string(), z.string()));
export type DeploymentRecord = z.output<typeof recordSchema>;

/** Directives that hold passwords. */
const SECRET = /^(requirepass|masterauth|primaryauth|tls-key-file-pass|tls-client-key-file-pass)$/;

/** What Sentinel was told of its group; what it found out by itself changes all the time. */
const TOLD = ["quorum", "down-after-milliseconds", "failover-timeout", "parallel-syncs"];

/** Keeps how every instance is set up, so that it can be compared later. */
export const topologyRecord = defineAction({
  name: "topology.record",
  summary: "Keeps role, version and configuration of every instance in the journal, without passwords",
  scope: "controller",
  effect: "read",
  input: z.strictObject({}),
  output: z.strictObject({ instances: recordSchema }),
  example: `- id: before
  action: topology.record
  with: {}`,
  commands: () => [
    { transport: "redis", text: "CONFIG GET *  # on every instance" },
    { transport: "redis", text: "SENTINEL MASTER ‹master name›  # on every Sentinel" },
  ],
  async run(_input, context) {
    return { outputs: { instances: await recordOf(context) }, changed: false };
  },
});

/** As it is now; what does not answer has only its role, `unknown`. */
export async function recordOf(context: ActionContext): Promise<DeploymentRecord> {
  const { nodes, sentinels } = await context.topology({ fresh: true });
  const live = new Map([...nodes, ...sentinels].map((node) => [node.id, node]));
  const entries = context.deployment.instances.map(async (instance) => {
    const node = live.get(instance.id);
    const role = node && "role" in node ? node.role : node?.up ? "sentinel" : "unknown";
    const facts = { role, version: node?.version ?? "unknown" };
    if (!node?.up) return [instance.id, facts] as const;
    const connection = await context.redis(instance);
    return [instance.id, { ...facts, ...(await settingsOf(instance, connection, context)) }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function settingsOf(
  { kind }: Instance,
  connection: RedisConnection,
  { deployment, signal }: ActionContext,
): Promise<Record<string, string>> {
  const command = kind === "sentinel" ? ["SENTINEL", "MASTER", deployment.masterName ?? ""] : ["CONFIG", "GET", "*"];
  const reply = await connection.command(command, { signal });
  const words = Array.isArray(reply) ? reply.map(String) : [];
  const pairs = words.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, words[i + 1] ?? ""]] : []));
  return Object.fromEntries(
    pairs
      .filter(([name]) => (kind === "sentinel" ? TOLD.includes(name) : !SECRET.test(name)))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
