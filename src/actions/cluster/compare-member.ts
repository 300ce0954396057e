import { z } from "zod";
import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";

/** Holds a server against a member of the cluster: what clients would notice when it serves a part of it. */
export const clusterCompareMember = defineAction({
  name: "cluster.compare_member",
  summary: "Says which users and modules of a member the targeted server has not, or has otherwise",
  scope: "instance",
  effect: "read",
  once: true,
  input: z.strictObject({ with: z.string().describe("Instance that is a member") }),
  output: z.strictObject({
    users: z.array(z.string()).describe("Users that are missing, too many, or have other rights or another password"),
    modules: z.array(z.string()).describe("Modules that the member has loaded and it has not"),
  }),
  example: `- id: compare
  action: cluster.compare_member
  targets: { role: data, where: host.id == inputs.node }
  with: { with: "\${{ vars.member }}" }`,
  commands: () => [redisCommand(["ACL", "LIST"]), redisCommand(["MODULE", "LIST"])],
  tell: ({ users, modules }) =>
    [
      ...(users.length > 0 ? [`users that differ: ${users.join(", ")}`] : []),
      ...(modules.length > 0 ? [`modules it has not: ${modules.join(", ")}`] : []),
    ].join("; ") || "users and modules are those of the cluster",
  async run(input, context) {
    const member = context.deployment.instances.find(({ id }) => id === input.with);
    if (!member) throw notListed(input.with);
    const [own, other] = [await context.redis(instanceOf(context)), await context.redis(member)];
    const [usersHere, usersThere] = [await usersOf(own, context.signal), await usersOf(other, context.signal)];
    const [modulesHere, modulesThere] = [await modulesOf(own, context.signal), await modulesOf(other, context.signal)];
    const names = [...new Set([...usersHere.keys(), ...usersThere.keys()])];
    const users = names.filter((name) => usersHere.get(name) !== usersThere.get(name)).sort();
    return { outputs: { users, modules: modulesThere.filter((name) => !modulesHere.includes(name)) }, changed: false };
  },
});

/** Every user with what it may and with hashes of its passwords, which stay here. */
async function usersOf(connection: RedisConnection, signal: AbortSignal): Promise<Map<string, string>> {
  const lines = await connection.command(["ACL", "LIST"], { signal });
  const users = Array.isArray(lines) ? lines.map(String) : [];
  return new Map(users.map((line) => [line.split(" ")[1] ?? "", line.split(" ").slice(2).sort().join(" ")]));
}

async function modulesOf(connection: RedisConnection, signal: AbortSignal): Promise<string[]> {
  const modules = await connection.command(["MODULE", "LIST"], { signal });
  if (!Array.isArray(modules)) return [];
  return modules.flatMap((fields) => {
    const at = Array.isArray(fields) ? fields.indexOf("name") : -1;
    return Array.isArray(fields) && at >= 0 ? [String(fields[at + 1])] : [];
  });
}

function notListed(id: string): RedishaError {
  return new RedishaError({
    code: "NOT_A_TARGET",
    message: `${id === "" ? "No member" : id} is in redisha.yaml to compare with.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["redisha status"],
  });
}
