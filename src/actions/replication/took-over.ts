import { sleep } from "../../core/abort.ts";
import type { ActionContext } from "../contract.ts";
import { instanceOf } from "../needs.ts";
import { FENCE_QUESTION, isFenced } from "./fence.ts";

/** Sentinel demotes an old primary some 11 s after it promoted another. */
const SETTLES_MS = 20_000;

/**
 * After a crash in a switchover away from the targeted primary: true where another node is the one primary and the old
 * one follows it without a fence. False where the fence stands still, or it is the primary as before and nobody is failing
 * over. What lies in between is given the time in which Sentinel settles it; undefined where it does not.
 */
export async function tookOver(context: ActionContext): Promise<boolean | undefined> {
  const deadline = performance.now() + SETTLES_MS;
  for (;;) {
    const answer = await look(context);
    if (answer !== undefined || performance.now() > deadline) return answer;
    await sleep(500, context.signal);
  }
}

async function look(context: ActionContext): Promise<boolean | undefined> {
  const old = instanceOf(context).id;
  const { nodes, sentinels } = await context.topology({ fresh: true });
  const primaries = nodes.filter(({ up, role }) => up && role === "primary");
  const [primary] = primaries;
  if (primaries.length !== 1 || !primary) return undefined;
  if (sentinels.some(({ flags }) => flags.includes("failover_in_progress"))) return undefined;
  if (primary.id === old) return sentinels.some(({ up, primary_id }) => up && primary_id !== old) ? undefined : false;
  if (nodes.find(({ id }) => id === old)?.role !== "replica") return undefined;
  // Whoever demoted it, the fence is left to us: doing it again takes that away.
  return !(await isFencedNow(context));
}

/**
 * The primary that the targeted instance follows already: an earlier process of this run moved the role, and only the rest
 * is to be done. Undefined where the instance is a primary, or another one than `to` took its place.
 */
export async function successorOf(to: string, context: ActionContext): Promise<string | undefined> {
  const old = instanceOf(context).id;
  const { nodes } = await context.topology({ fresh: true });
  const { role, primary_id } = nodes.find(({ id }) => id === old) ?? {};
  return role === "replica" && primary_id && (to === "" || to === primary_id) ? primary_id : undefined;
}

/** Whether an earlier process stopped between the promotion of `to` and the demotion of the targeted primary, which is fenced still. */
export async function halfMoved(to: string, context: ActionContext): Promise<boolean> {
  const instance = instanceOf(context);
  const { nodes } = await context.topology({ fresh: true });
  const isPrimary = (id: string) => nodes.some((node) => node.id === id && node.up && node.role === "primary");
  if (!isPrimary(instance.id) || !isPrimary(to)) return false;
  return isFencedNow(context);
}

async function isFencedNow(context: ActionContext): Promise<boolean> {
  return isFenced(await (await context.redis(instanceOf(context))).command([...FENCE_QUESTION]));
}
