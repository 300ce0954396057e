import { z } from "zod";
import { SERVICES, type ServiceName, serviceLogin } from "../../credentials/declared.ts";
import { compareVersions } from "../../runbook/versions.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { hashOf, keepUsers } from "./user.ts";

/** The least that was seen to work. It has to be +slaveof: +replicaof is another command to an ACL. */
const RIGHTS: Readonly<Record<ServiceName, readonly string[]>> = {
  replication: ["+psync", "+replconf", "+ping"],
  sentinel: [
    ...["+ping", "+info", "+subscribe", "+publish", "+multi", "+exec", "+slaveof", "+config|rewrite"],
    ...["+client|setname", "+client|kill", "+script|kill"],
  ],
};

/** The channel that Sentinels find each other on; Redis 6.0 knows no channels. */
const HELLO = "&__sentinel__:hello";

/** Lets replicas, or Sentinels, in to a server, with the password of redisha.yaml and the rights that they need. Takes nothing away. */
export const aclLetIn = defineAction({
  name: "acl.let_in",
  summary:
    "Gives the user of the replicas, or of the Sentinels, the password of redisha.yaml and the rights that it needs, on each targeted server, and writes it down; takes nothing away",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ service: z.enum(SERVICES) }),
  output: z.strictObject({
    user: z.string().nullable().describe("Null where it is the user default, which is left as it is"),
  }),
  example: `- id: let_in
  action: acl.let_in
  targets: { role: data, where: host.up }
  with: { service: sentinel }
  undo: none`,
  commands: ({ service }) => [
    redisCommand(["ACL", "SETUSER", `‹user of ${service}›`, "on", "‹SHA-256 of its password›", ...RIGHTS[service]]),
    redisCommand(["ACL", "SAVE"]),
  ],
  async run({ service }, context) {
    const { user, password } = serviceLogin(context.deployment, service);
    // Whom everybody else logs in as is not to be changed by the way.
    if (user === "default") return { outputs: { user: null }, changed: false };
    const instance = instanceOf(context);
    const redis = await context.redis(instance);
    const line = async () => {
      const all = await redis.command(["ACL", "LIST"], { signal: context.signal });
      return Array.isArray(all) ? all.map(String).find((each) => each.startsWith(`user ${user} `)) : undefined;
    };
    const before = await line();
    const { nodes } = await context.topology();
    const node = nodes.find(({ id }) => id === instance.id);
    const hasChannels = compareVersions(node?.version ?? "7.0", "6.2") >= 0;
    const coordinated = node?.engine === "valkey" && compareVersions(node.version ?? "8.0", "9.0") >= 0;
    const more = service === "sentinel" ? [...(hasChannels ? [HELLO] : []), ...(coordinated ? ["+failover"] : [])] : [];
    const rules = ["on", `#${hashOf(await password())}`, ...RIGHTS[service], ...more];
    await redis.command(["ACL", "SETUSER", user, ...rules], { signal: context.signal });
    await keepUsers(context);
    return { outputs: { user }, changed: (await line()) !== before };
  },
  repeatable: true,
});
