import { z } from "zod";
import { serviceLogin } from "../../credentials/declared.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";

/** Has a Sentinel log in to servers as redisha.yaml says; it connects to all of them anew. */
export const sentinelSetLogin = defineAction({
  name: "sentinel.set_login",
  summary:
    "Sets auth-user and auth-pass of each targeted Sentinel to what redisha.yaml says, and has it write them down",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ group: z.string().describe("The name by which the Sentinel knows the primary") }),
  output: z.strictObject({ user: z.string().describe("As whom it logs in") }),
  example: `- id: login
  action: sentinel.set_login
  targets: { role: sentinel, where: host.up }
  with: { group: "\${{ topo.master_name }}" }
  undo: none`,
  commands: ({ group }) => [
    redisCommand(["SENTINEL", "SET", group, "auth-user", "‹user of the Sentinels›"]),
    redisCommand(["SENTINEL", "SET", group, "auth-pass", "‹its password›"]),
    redisCommand(["SENTINEL", "FLUSHCONFIG"]),
  ],
  async run({ group }, context) {
    const { user, password } = serviceLogin(context.deployment, "sentinel");
    const redis = await context.redis(instanceOf(context));
    const send = (...argv: string[]) => redis.command(argv, { signal: context.signal });
    await send("SENTINEL", "SET", group, "auth-user", user === "default" ? "" : user);
    await send("SENTINEL", "SET", group, "auth-pass", await password());
    await send("SENTINEL", "FLUSHCONFIG");
    return { outputs: { user }, changed: true };
  },
  repeatable: true,
});
