import { z } from "zod";
import type { RedisConnection } from "../../../connect/types.ts";
import { RedishaError } from "../../../core/errors.ts";
import { EXIT } from "../../../core/exit-codes.ts";
import { keySlot } from "../../../restore/key-slot.ts";
import type { DataNode, Topology } from "../../../topology/schema.ts";
import { instanceNamed } from "../../backup/sources.ts";
import type { ActionContext } from "../../contract.ts";

export const targetSchema = z.strictObject({
  instance: z.string().describe("A primary"),
  slots: z.array(z.tuple([z.int(), z.int()])).describe("Empty where there is no Cluster: it gets everything"),
});
export type RoutedTarget = z.infer<typeof targetSchema>;

const SLOTS = 16_384;

/** The primaries, with the slots that each owns. Fails with RESTORE_NO_TARGET where a slot has no owner, or is on the move. */
export function targetsOf(topology: Topology): RoutedTarget[] {
  const { kind, shards, nodes, cluster } = topology;
  const targets = shards.flatMap(({ primary_id, slots }) =>
    primary_id === null || (kind === "cluster" && slots.length === 0)
      ? []
      : [{ instance: primary_id, slots: slots.map(([from, to]): [number, number] => [from, to]) }],
  );
  const owned = targets.flatMap(({ slots }) => slots).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const problems = [
    ...(targets.length === 0 ? ["no primary is known"] : []),
    ...(kind === "cluster" && owned !== SLOTS ? [`${SLOTS - owned} slots have no primary that answers`] : []),
    ...(cluster && cluster.state !== "ok" ? [`the state of the Cluster is ${cluster.state}`] : []),
    ...(nodes.some((node) => isMoving(node)) ? ["slots are on the move"] : []),
  ];
  if (problems.length === 0) return targets;
  throw new RedishaError({
    code: "RESTORE_NO_TARGET",
    message: `Nothing can be written there: ${problems.join("; ")}.`,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: ["redisha status"],
  });
}

function isMoving({ cluster }: DataNode): boolean {
  return cluster !== null && cluster.migrating.length + cluster.importing.length > 0;
}

/** Who owns which slot. */
export class Routes {
  readonly #owners: readonly string[];
  readonly #context: ActionContext;
  readonly instances: readonly string[];

  constructor(targets: readonly RoutedTarget[], context: ActionContext) {
    this.#context = context;
    this.instances = targets.map(({ instance }) => instance);
    const owners: string[] = Array(SLOTS).fill(this.instances[0] ?? "");
    for (const { instance, slots } of targets) for (const [from, to] of slots) owners.fill(instance, from, to + 1);
    this.#owners = owners;
  }

  ownerOf(key: string): string {
    return this.#owners[keySlot(key)] ?? "";
  }

  ownerOfSlot(slot: number): string {
    return this.#owners[slot] ?? "";
  }

  connection(instance: string): Promise<RedisConnection> {
    return this.#context.redis(instanceNamed(this.#context.deployment, instance));
  }
}
