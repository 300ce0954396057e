import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { usersSchema } from "./user.ts";

/** A connection, as CLIENT LIST tells of it. */
interface Client {
  readonly address: string;
  readonly name: string;
  readonly user: string;
  readonly age: number;
  /** As its library names itself, without what it adds in parentheses; empty where it does not, undefined before 7.2. */
  readonly library?: string;
  readonly libraryVersion: string;
  readonly is: "replica" | "primary" | "sentinel" | "redisha" | "application";
}

const clientSchema = z.strictObject({
  user: z.string(),
  address: z.string(),
  name: z.string().describe("As it names itself; empty where it does not"),
  age: z.int().describe("Seconds since it connected"),
});

/** Finds who certainly logged in with the previous password: before the new one was there. */
export const aclClients = defineAction({
  name: "acl.clients",
  summary: "Lists applications that logged in to each targeted instance before it took the new password",
  scope: "instance",
  effect: "read",
  input: z.strictObject({
    users: usersSchema,
    since: z.int().describe("When the new one was taken, in milliseconds since 1970"),
  }),
  output: z.strictObject({ old: z.array(clientSchema) }),
  example: `- id: left
  action: acl.clients
  targets: { role: data }
  with: { users: [shop], since: "\${{ steps.accept.hosts[host.id].outputs.at }}" }`,
  commands: () => [{ transport: "redis", text: "CLIENT LIST" }],
  async run({ users, since }, context) {
    const connection = await context.redis(instanceOf(context));
    const clients = parseClients(String(await connection.command(["CLIENT", "LIST"])));
    const seconds = Math.ceil((Date.now() - since) / 1_000);
    const old = clients
      .filter(({ is, user, age }) => is === "application" && users.includes(user) && age > seconds)
      .map(({ user, address, name, age }) => ({ user, address, name, age }));
    return { outputs: { old }, changed: false };
  },
});

/** The reply of CLIENT LIST. */
export function parseClients(text: string): Client[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const fields = new Map(line.split(" ").map((pair) => pair.split(/=(.*)/s, 2) as [string, string]));
      const get = (key: string) => fields.get(key)?.trim() ?? "";
      const [flags, name] = [get("flags"), get("name")];
      const library = fields.get("lib-name")?.replace(/\(.*/, "").toLowerCase();
      return {
        ...{ address: get("addr"), name, user: get("user"), age: Number(get("age")), is: kindOf(flags, name) },
        ...(library === undefined ? {} : { library }),
        libraryVersion: get("lib-ver"),
      };
    });
}

function kindOf(flags: string, name: string): Client["is"] {
  if (flags.includes("S")) return "replica";
  if (flags.includes("M")) return "primary";
  if (name.startsWith("sentinel-")) return "sentinel";
  return name === "redisha" ? "redisha" : "application";
}
