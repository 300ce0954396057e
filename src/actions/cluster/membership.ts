import { z } from "zod";
import { forgetNode } from "../../reshard/forget.ts";
import { joinCluster } from "../../reshard/join.ts";
import { leadAgain } from "../../reshard/lead-again.ts";
import type { ActionContext } from "../contract.ts";
import { reachOf } from "./reach.ts";

/** Replicas, and whose they are to be, as actions pass them on to each other: those of other targets are left alone. */
export const homesSchema = z.record(z.string(), z.string());

/** Gossip needs seconds, a node that was only just started some more. */
const PATIENCE_MS = 60_000;

/** Everybody whom nodes can be introduced to, or who can be told to forget one. */
export function dataInstances(context: ActionContext): string[] {
  return context.deployment.instances.filter(({ kind }) => kind === "data").map(({ id }) => id);
}

/** Takes the instance into the cluster: see `joinCluster`. */
export function takeIn(id: string, context: ActionContext): Promise<{ nodeId: string; met: boolean }> {
  return joinCluster(id, {
    ...reachOf(context),
    instances: dataInstances(context),
    addressOf: (instance) => context.deployment.instances.find((each) => each.id === instance)?.address ?? "",
    patienceMs: PATIENCE_MS,
    tell: (message) => context.progress(message),
  });
}

export const leadSchema = z
  .boolean()
  .default(false)
  .describe(
    "On a way back: whom they are to follow becomes a primary again where it follows who got its last slot (before 7.0)",
  );

/** Makes whom these are to follow a primary again: see `leadAgain`. */
export async function haveLead(
  home: string,
  homes: z.output<typeof homesSchema>,
  context: ActionContext,
): Promise<void> {
  const followers = Object.keys(homes).filter((id) => homes[id] === home);
  const instances = dataInstances(context);
  await leadAgain(home, [home, ...followers], { ...reachOf(context), instances, patienceMs: PATIENCE_MS });
}

/** Has everybody but `apart` forget a node: see `forgetNode`. */
export async function forgetEverywhere(nodeId: string, context: ActionContext, apart?: string) {
  const instances = dataInstances(context).filter((id) => id !== apart);
  const { told, away } = await forgetNode(nodeId, { ...reachOf(context), instances, patienceMs: PATIENCE_MS });
  return { told: [...told], away: [...away] };
}
