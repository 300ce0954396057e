import { z } from "zod";
import { serviceLogin } from "../../credentials/declared.ts";
import { hasConfigFile, replicaLogin } from "../acl/user.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";

/** Has a server log in to its primary as redisha.yaml says. A replica without a link tries again within a second. */
export const replicationSetLogin = defineAction({
  name: "replication.set_login",
  summary: "Sets masteruser and masterauth of each targeted instance to what redisha.yaml says, and writes them down",
  scope: "instance",
  effect: "change",
  input: z.strictObject({}),
  output: z.strictObject({ user: z.string().describe("As whom it logs in") }),
  example: `- id: login
  action: replication.set_login
  targets: { role: data, where: host.up }
  with: {}
  undo: none`,
  commands: () => [
    redisCommand(["CONFIG", "SET", "masteruser", "‹user of replication›"]),
    redisCommand(["CONFIG", "SET", "masterauth", "‹its password›"]),
    redisCommand(["CONFIG", "REWRITE"]),
  ],
  async run(_input, context) {
    const login = serviceLogin(context.deployment, "replication");
    const redis = await context.redis(instanceOf(context));
    const set = (name: string, value: string) =>
      redis.command(["CONFIG", "SET", name, value], { signal: context.signal });
    const was = await replicaLogin(redis);
    const wanted = await login.password();
    if (was.user !== login.user) await set("masteruser", login.user === "default" ? "" : login.user);
    if (was.password !== wanted) await set("masterauth", wanted);
    if (await hasConfigFile(redis)) await redis.command(["CONFIG", "REWRITE"], { signal: context.signal });
    const changed = was.user !== login.user || was.password !== wanted;
    return { outputs: { user: login.user }, changed };
  },
  repeatable: true,
});
