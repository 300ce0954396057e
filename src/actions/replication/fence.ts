import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { addressOf } from "../../topology/after-switchover.ts";
import { parseEndpoint } from "../../topology/parse/address.ts";
import type { ActionContext } from "../contract.ts";
import { instanceOf } from "../needs.ts";
import { readDirectives } from "../redis/directives.ts";

/** More good replicas than anybody has: the primary refuses every write with NOREPLICAS, on every version. */
export const FENCE = "1000";

const TO_WRITE = "min-replicas-to-write";
const MAX_LAG = "min-replicas-max-lag";

/** What a fence relaxes, as it was: plain data that outlives the process. */
export const guardSchema = z.strictObject({
  min_replicas_to_write: z.string().regex(/^\d+$/),
  min_replicas_max_lag: z.string().regex(/^\d+$/),
  rewrite: z.boolean().describe("The server has a configuration file, into which the values are to be written too"),
  successors: z
    .array(z.strictObject({ address: z.string().regex(/^[\w.:%-]+$/), port: z.int() }))
    .default([])
    .describe("Who may be promoted meanwhile: the fenced server follows whoever was, before the fence goes"),
});

export type WriteGuard = z.infer<typeof guardSchema>;

/**
 * Reads what a fence on the targeted primary is going to change: `before` of a switchover. Fails with ALREADY_FENCED where
 * one stands: its value is nobody's wish.
 */
export async function readWriteGuard(context: ActionContext): Promise<{ primary: string; guard: WriteGuard }> {
  const { id } = instanceOf(context);
  const values = await readDirectives(await context.redis(instanceOf(context)), [TO_WRITE, MAX_LAG]);
  const min_replicas_to_write = values[TO_WRITE] ?? "0";
  if (min_replicas_to_write === FENCE) throw alreadyFenced(id);
  const { nodes } = await context.topology();
  const rewrite = (nodes.find((each) => each.id === id)?.config_file ?? "") !== "";
  const successors = nodes.flatMap((each) => {
    const endpoint = each.primary_id === id && each.priority !== 0 ? parseEndpoint(addressOf(each)) : undefined;
    return endpoint ? [endpoint] : [];
  });
  const min_replicas_max_lag = values[MAX_LAG] ?? "10";
  return { primary: id, guard: { min_replicas_to_write, min_replicas_max_lag, rewrite, successors } };
}

/** The same as it was captured before the op began, by whichever process: a fence may stand since then. */
export function guardOf({ before }: Pick<ActionContext, "before">): WriteGuard {
  return guardSchema.parse(before?.guard);
}

/** What stops writes. With a maximal lag of 0 the server would not count replicas at all. */
export function fenceCommands({ min_replicas_max_lag }: Pick<WriteGuard, "min_replicas_max_lag">): string[][] {
  const counted = min_replicas_max_lag === "0" ? [["CONFIG", "SET", MAX_LAG, "10"]] : [];
  return [...counted, ["CONFIG", "SET", TO_WRITE, FENCE]];
}

/**
 * What lets writes pass again. Into the file as well: whoever makes the server a replica (Sentinel does, by itself) has it
 * rewrite its file, and with it the fence that stood at that moment.
 */
export function unfenceCommands({
  min_replicas_to_write,
  min_replicas_max_lag,
  rewrite,
}: Omit<WriteGuard, "successors">): string[][] {
  return [
    ["CONFIG", "SET", TO_WRITE, min_replicas_to_write],
    ["CONFIG", "SET", MAX_LAG, min_replicas_max_lag],
    ...(rewrite ? [["CONFIG", "REWRITE"]] : []),
  ];
}

/** Has the targeted instance, which is no primary any more, keep nobody from writes should it become one again. */
export async function liftFence(guard: WriteGuard, context: ActionContext): Promise<void> {
  const connection = await context.redis(instanceOf(context));
  for (const argv of unfenceCommands(guard)) await connection.command(argv);
}

/** Asks whether the fence stands. */
export const FENCE_QUESTION: readonly string[] = ["CONFIG", "GET", TO_WRITE];

/** Whether the answer to FENCE_QUESTION says so. */
export function isFenced(answer: unknown): boolean {
  return Array.isArray(answer) && answer[1] === FENCE;
}

function alreadyFenced(instance: string): RedishaError {
  return new RedishaError({
    code: "ALREADY_FENCED",
    message: `${instance} has ${TO_WRITE} ${FENCE}, the fence of a switchover: another one is at work, or died here.`,
    host: instance,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: [
      "redisha runs list",
      `the host puts it back within half a minute; else by hand on ${instance}: CONFIG SET ${TO_WRITE} 0`,
    ],
  });
}
