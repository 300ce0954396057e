import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { type ChangingLogin, changingLogins } from "../../credentials/changing.ts";
import { defineAction } from "../define.ts";

/** Shorter ones cannot be kept out of logs. */
const SHORTEST = 8;

/** Reads which logins of redisha.yaml have two passwords, and whether these can be what is meant. */
export const aclLogins = defineAction({
  name: "acl.logins",
  summary: "Reads which users of redisha.yaml have a previous_password, and looks at both passwords of each",
  scope: "controller",
  effect: "read",
  input: z.strictObject({}),
  output: z.strictObject({
    data: z.array(z.string()).describe("Users of the servers"),
    sentinel: z.array(z.string()).describe("Users of the Sentinels"),
  }),
  example: `- id: logins
  action: acl.logins
  with: {}`,
  commands: () => [{ transport: "controller", text: "read both passwords of every login with a previous_password" }],
  async run(_input, { deployment }) {
    const logins = changingLogins(deployment);
    for (const login of logins) await refuseUnfit(login);
    const on = (kind: ChangingLogin["on"]) => logins.filter((login) => login.on === kind).map(({ user }) => user);
    return { outputs: { data: on("data"), sentinel: on("sentinel") }, changed: false };
  },
});

async function refuseUnfit({ place, password, previous }: ChangingLogin): Promise<void> {
  const wanted = await password();
  if (wanted === (await previous())) throw unfit(place, "password and previous_password are the same");
  if (wanted.length < SHORTEST) throw unfit(place, `the new password has less than ${SHORTEST} characters`);
}

function unfit(place: string, why: string): RedishaError {
  return new RedishaError({
    code: "ROTATE_PASSWORD_UNFIT",
    message: `${place}: ${why}.`,
    exit: EXIT.usage,
    state: "nothing was sent anywhere",
    next: [`let ${place}.password give the new one, and previous_password the one that servers have now`],
  });
}
