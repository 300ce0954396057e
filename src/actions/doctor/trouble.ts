import { z } from "zod";
import type { RedisReply } from "../../connect/types.ts";
import { messageOf } from "../../core/errors.ts";
import { type TroubleFacts, troubleFactsSchema } from "../../doctor/facts.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { parsePairs } from "../observe/parse.ts";
import { redisCommand } from "../redis/argv.ts";

const ACL_LOG = ["ACL", "LOG", "64"];
const LATENCY = ["LATENCY", "LATEST"];

/** Reads what a server remembers of those it refused, and of what took long. */
export const doctorTrouble = defineAction({
  name: "doctor.trouble",
  summary: "Reads of each targeted instance whom it refused (ACL LOG) and what took long (LATENCY LATEST)",
  scope: "instance",
  effect: "read",
  input: z.strictObject({}),
  output: troubleFactsSchema,
  example: `- id: troubles
  action: doctor.trouble
  targets: { role: data }
  with: {}`,
  commands: () => [ACL_LOG, LATENCY].map(redisCommand),
  async run(_input, context) {
    try {
      const redis = await context.redis(instanceOf(context));
      const [refusals, delays] = await redis.pipeline([ACL_LOG, LATENCY], { signal: context.signal });
      const outputs: TroubleFacts = {
        read: true,
        why: null,
        refusals: Array.isArray(refusals) ? refusals.flatMap(refusalOf) : null,
        delays: Array.isArray(delays) ? delays.flatMap(delayOf) : null,
      };
      return { outputs, changed: false };
    } catch (error) {
      context.signal.throwIfAborted();
      return { outputs: { read: false, why: messageOf(error), refusals: null, delays: null }, changed: false };
    }
  },
});

/** `parsePairs` leaves out what could be a credential; an entry of ACL LOG holds none, and a reason `auth`. */
function refusalOf(entry: RedisReply): NonNullable<TroubleFacts["refusals"]> {
  if (!Array.isArray(entry)) return [];
  const fields = parsePairs(entry);
  const client = fields["client-info"] ?? "";
  const address = /(?:^| )addr=(\S*):\d+/.exec(client)?.[1] ?? "";
  return [
    {
      reason: fields.reason ?? "",
      object: fields.object ?? "",
      user: fields.username ?? "",
      address: address.replace(/^\[|\]$/g, ""),
      times: Number(fields.count ?? 0),
      age_s: Number(fields["age-seconds"] ?? 0),
    },
  ];
}

function delayOf(entry: RedisReply): NonNullable<TroubleFacts["delays"]> {
  if (!Array.isArray(entry)) return [];
  const [event, at, last, most] = entry;
  return [{ event: String(event), at_s: Number(at), last_ms: Number(last), max_ms: Number(most) }];
}
