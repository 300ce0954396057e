import { z } from "zod";
import { directivesOf } from "../../conf/conf-file.ts";
import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import type { Difference } from "../../init/differences.ts";
import { situationSchema } from "../../init/situation.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { CONNECT_ANEW } from "../replication/reconnect.ts";
import { type ComparedFile, compareFiles, compareLive } from "./comparison.ts";

const changeSchema = z.strictObject({ name: z.string(), was: z.string().nullable(), will: z.string().nullable() });

/** Brings what a running server has in memory to what its files say, without a restart. */
export const initApplyLive = defineAction({
  name: "init.apply_live",
  summary:
    "Sets in memory, on each targeted running instance, what is not as its files say: only what differs, users too",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    situation: situationSchema.describe("Outputs of init.survey"),
    changes: z.array(changeSchema).describe("What init.compare found, for the plan: it is looked at again before"),
    users: z.array(changeSchema).default([]),
  }),
  output: z.strictObject({
    set: z.array(z.string()).describe("Directives that were set"),
    refused: z.array(z.string()).describe("Directives that this server only takes at its start"),
  }),
  example: `- id: apply
  action: init.apply_live
  targets: { role: data }
  with: { situation: "\${{ steps.survey.outputs }}", changes: "\${{ steps.compare.hosts[host.id].outputs.live }}" }
  undo: { action: init.set_back, with: { values: "\${{ before.values }}" } }`,
  commands: ({ changes, users }) => [
    ...changes.map(({ name, will }) => redisCommand(["CONFIG", "SET", name.split(" ")[0] ?? "", will ?? ""])),
    ...users.map(({ name, will }) => redisCommand(["ACL", will === null ? "DELUSER" : "SETUSER", userOf(name)])),
  ],
  async before({ situation }, context) {
    const { live } = await lookAgain(situation, context);
    // A password that was in memory is in no journal: the file that was kept has it.
    const plain = live.filter(({ was }) => was !== null && !was.includes("‹"));
    return {
      values: plain.map(({ name, was }) => [
        ...name.split(" ").slice(0, 1),
        [...name.split(" ").slice(1), was].join(" "),
      ]),
    };
  },
  async run({ situation }, context) {
    const { redis, live, users } = await lookAgain(situation, context);
    const set: string[] = [];
    const refused: string[] = [];
    for (const { name, value } of live) {
      const directive = name.split(" ")[0] ?? "";
      if (await trySet(redis, directive, value, context.signal)) set.push(directive);
      else refused.push(directive);
    }
    for (const argv of users) await redis.command(argv, { signal: context.signal });
    return { outputs: { set, refused }, changed: set.length + users.length > 0 };
  },
  async probe({ situation }, context) {
    const { live, users } = await lookAgain(situation, context);
    return live.length + users.length === 0;
  },
});

/**
 * Only those users that differ. ACL LOAD would end the connections of all: of clients, and of replicas, which come back
 * with whatever address they have at that moment.
 */
function userCommands(differing: readonly Difference[], file: ComparedFile | undefined): string[][] {
  const lines = directivesOf(file?.desired.merged(file.text) ?? []);
  return differing.map(({ name }) => {
    const user = userOf(name);
    const line = lines.find(({ name: word, values }) => word === "user" && values[0] === user);
    return line ? ["ACL", "SETUSER", user, "reset", ...line.values.slice(1)] : ["ACL", "DELUSER", user];
  });
}

/** The name behind `user `. */
function userOf(name: string): string {
  return name.split(" ")[1] ?? "";
}

/** What a replica tells its primary of itself when it connects, and then no more. */
const ANNOUNCED = ["replica-announce-ip", "replica-announce-port"];

/** Takes back what init.apply_live set; where that is an address for others, the replica tells it to its primary. */
export const initSetBack = defineAction({
  name: "init.set_back",
  summary: "Sets directives in memory back to what they were before init.apply_live",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ values: z.array(z.tuple([z.string(), z.string()])) }),
  output: z.strictObject({}),
  example: `- id: set_back
  action: init.set_back
  targets: { role: data }
  with: { values: [[slowlog-max-len, "128"]] }
  undo: none`,
  commands: ({ values }) => backCommands(values).map((argv) => redisCommand(argv)),
  async run({ values }, context) {
    const redis = await context.redis(instanceOf(context));
    for (const argv of backCommands(values)) await redis.command(argv, { signal: context.signal });
    return { outputs: {}, changed: values.length > 0 };
  },
});

function backCommands(values: readonly (readonly [string, string])[]): string[][] {
  const set = values.map(([name, value]) => ["CONFIG", "SET", name, value]);
  return values.some(([name]) => ANNOUNCED.includes(name)) ? [...set, CONNECT_ANEW] : set;
}

async function lookAgain(situation: z.output<typeof situationSchema>, context: ActionContext) {
  const instance = instanceOf(context);
  const redis = await context.redis(instance);
  const files = await compareFiles(instance, situation, context);
  const { live, users } = await compareLive(files, redis, situation.engine[instance.id] ?? "", context.signal);
  const file = files.find(({ desired }) => desired.kind === "users");
  return { redis, live, users: userCommands(users, file) };
}

/** False where the server says that it takes this only at its start. */
async function trySet(redis: RedisConnection, name: string, value: string, signal: AbortSignal): Promise<boolean> {
  try {
    await redis.command(["CONFIG", "SET", name, value], { signal });
    return true;
  } catch (error) {
    if (error instanceof RedishaError && /immutable|protected|Unsupported CONFIG/i.test(error.message)) return false;
    throw error;
  }
}
