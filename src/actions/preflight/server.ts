import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { serverFactsSchema } from "../../preflight/facts.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { askSentinel, askServer } from "./ask-server.ts";
import { sampleKeys } from "./sample-keys.ts";

const COMMANDS = [
  ["INFO"],
  ["CONFIG", "GET", "*"],
  ["ACL", "LIST"],
  ["CLIENT", "LIST"],
  ["SLOWLOG", "GET"],
  ["COMMAND", "INFO"],
];

/** Reads what checks want of a server. One that does not answer is a fact, and no failure: the checks tell it. */
export const preflightServer = defineAction({
  name: "preflight.server",
  summary: "Reads of each targeted instance what checks look at: INFO, directives, users, clients, slow commands",
  scope: "instance",
  effect: "read",
  input: z.strictObject({
    sample: z.int().min(0).default(0).describe("Keys to weigh, on replicas where there are any; 0: none"),
  }),
  output: serverFactsSchema,
  example: `- id: servers
  action: preflight.server
  targets: { role: any }
  with: { sample: 1000 }`,
  commands: ({ sample }) => [
    ...COMMANDS.map(redisCommand),
    ...(sample > 0 ? [["SCAN"], ["MEMORY", "USAGE"]].map(redisCommand) : []),
  ],
  async run({ sample }, context) {
    const instance = instanceOf(context);
    const { kind } = instance;
    try {
      const redis = await context.redis(instance);
      const answered = { kind, reached: true, why: null };
      if (kind === "sentinel") {
        const read = await askSentinel(redis, context.signal);
        return { outputs: { ...answered, ...read, largest: null, sampled: 0 }, changed: false };
      }
      const read = await askServer(redis, context.signal);
      // A primary whose replicas can be asked has enough to do.
      const busy = read.info?.role === "master" && Number(read.info.connected_slaves) > 0;
      const weighed = sample > 0 && !busy ? await sampleKeys(redis, sample, context.signal) : undefined;
      const keys = { largest: weighed?.largest ?? null, sampled: weighed?.sampled ?? 0 };
      return { outputs: { ...answered, ...read, ...keys }, changed: false };
    } catch (error) {
      context.signal.throwIfAborted();
      return { outputs: { ...SILENT, kind, why: messageOf(error) }, changed: false };
    }
  },
});

const SILENT = {
  reached: false,
  info: null,
  config: null,
  replication_login: null,
  users: null,
  missing_commands: null,
  clients: null,
  slow: null,
  largest: null,
  sampled: 0,
  refused: {},
};
