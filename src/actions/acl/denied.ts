import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { parseRecords } from "../observe/parse.ts";
import { parseClients } from "./clients.ts";
import { usersSchema } from "./user.ts";

/** Entries of the log that are looked at; it keeps 128 where nothing else is set. */
const MOST = "128";

/** Watches for those who are refused because they still come with the previous password. */
export const aclDenied = defineAction({
  name: "acl.denied",
  summary: "Watches the ACL log of each targeted instance for logins as these users that are refused",
  scope: "instance",
  effect: "read",
  measures: true,
  input: z.strictObject({ users: usersSchema, watch: durationSchema.describe("How long, e.g. 5s") }),
  output: z.strictObject({
    denied: z.array(z.strictObject({ user: z.string(), address: z.string().describe("host of the client") })),
  }),
  example: `- id: denied
  action: acl.denied
  targets: { role: data }
  with: { users: [shop], watch: 5s }`,
  commands: () => [{ transport: "redis", text: `ACL LOG ${MOST}` }],
  async run({ users, watch }, context) {
    const connection = await context.redis(instanceOf(context));
    await delay(watch, undefined, { signal: context.signal });
    const entries = parseRecords(await connection.command(["ACL", "LOG", MOST]));
    const recent = entries.filter(
      ({ reason, username = "", "age-seconds": age }) =>
        reason === "auth" && users.includes(username) && Number(age) * 1_000 < watch,
    );
    const found = recent.map(({ username = "", "client-info": info = "" }) => {
      const address = parseClients(info)[0]?.address ?? "";
      return { user: username, address: address.replace(/:\d+$/, "") };
    });
    const distinct = new Map(found.map((each) => [`${each.user} ${each.address}`, each]));
    return { outputs: { denied: [...distinct.values()] }, changed: false };
  },
  takesMs: ({ watch }) => watch + 5_000,
});
