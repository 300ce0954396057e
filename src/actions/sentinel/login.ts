import { z } from "zod";
import { type ChangingLogin, changingLogins, passwordOf, sentinelsUser } from "../../credentials/changing.ts";
import { peerUser, usersSchema, whichSchema } from "../acl/user.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";

/** Has a Sentinel log in to servers and to its peers with another password; it connects to all of them anew. */
export const sentinelLogin = defineAction({
  name: "sentinel.login",
  summary: "Sets auth-pass and sentinel-pass of each targeted Sentinel where redisha.yaml changes them",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    group: z.string().describe("The name by which the Sentinel knows the primary"),
    servers: usersSchema,
    peers: z.array(z.string()).describe("The same, of users of Sentinels"),
    password: whichSchema,
  }),
  output: z.strictObject({
    servers: z.string().nullable().describe("As whom it logs in to servers with it; null where that login stays"),
    peers: z.string().nullable().describe("As whom it logs in to other Sentinels with it; null where that login stays"),
  }),
  example: `- id: sentinels
  action: sentinel.login
  targets: { role: sentinel }
  with: { group: "\${{ topo.master_name }}", servers: [sentinel], peers: [sentinel], password: new }
  undo:
    action: sentinel.login
    with: { group: "\${{ topo.master_name }}", servers: [sentinel], peers: [sentinel], password: previous }`,
  commands: ({ group, servers, peers, password }) => [
    ...(servers.length > 0 ? [redisCommand(["SENTINEL", "SET", group, "auth-pass", `‹${password} password›`])] : []),
    ...(peers.length > 0
      ? [redisCommand(["SENTINEL", "CONFIG", "SET", "sentinel-pass", `‹${password} password›`])]
      : []),
    redisCommand(["SENTINEL", "FLUSHCONFIG"]),
  ],
  async run(input, context) {
    const { group, password } = input;
    const connection = await context.redis(instanceOf(context));
    const send = (...argv: string[]) => connection.command(argv, { signal: context.signal });
    const logins = changingLogins(context.deployment);
    const own = sentinelsUser(context.deployment);
    const servers = logins.find(({ user, on }) => on === "data" && user === own && input.servers.includes(user));
    if (servers) await send("SENTINEL", "SET", group, "auth-pass", await passwordOf(servers, password));
    const peers = await peersLogin(
      logins.filter(({ user }) => input.peers.includes(user)),
      context,
    );
    if (peers) await send("SENTINEL", "CONFIG", "SET", "sentinel-pass", await passwordOf(peers, password));
    await send("SENTINEL", "FLUSHCONFIG");
    return {
      outputs: { servers: servers?.user ?? null, peers: peers?.user ?? null },
      changed: servers !== undefined || peers !== undefined,
    };
  },
  repeatable: true,
});

async function peersLogin(
  logins: readonly ChangingLogin[],
  context: ActionContext,
): Promise<ChangingLogin | undefined> {
  const own = logins.filter(({ on }) => on === "sentinel");
  if (own.length === 0) return undefined;
  const user = await peerUser(await context.redis(instanceOf(context)));
  return own.find((each) => each.user === user);
}
