import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { countSlots } from "../topology/parse/slots.ts";
import type { DataNode, Topology } from "../topology/schema.ts";
import type { Owner } from "./plan-moves.ts";

/** Every primary of a cluster with what it owns, also one that owns nothing, in the order of its slots and then of names. */
export function ownersOf({ nodes }: Topology): Owner[] {
  return nodes
    .filter(({ role, cluster }) => cluster !== null && (role === "primary" || cluster.slots_count > 0))
    .map(({ id, cluster }) => ({ id, slots: cluster?.slots ?? [] }));
}

/** The members of the shard of each primary: the primary first. They stand for each other after a failover. */
export function membersOf(ids: readonly string[], { nodes }: Topology): string[][] {
  return ids.map((id) => [
    id,
    ...nodes.filter(({ primary_id, id: own }) => primary_id === id && own !== id).map((n) => n.id),
  ]);
}

/**
 * The primaries that are meant by instances, or hosts on which there is exactly one; `all` means every primary that owns
 * slots.
 *
 * @throws {RedishaError} RESHARD_NO_SUCH_PRIMARY, exit 2.
 */
export function primariesNamed(text: string, topology: Topology): string[] {
  const owners = ownersOf(topology);
  if (text.trim() === "all") return owners.filter(({ slots }) => countSlots(slots) > 0).map(({ id }) => id);
  const ids = text.split(",").map((name) => primaryNamed(name.trim(), topology, owners));
  return [...new Set(ids)];
}

function primaryNamed(name: string, topology: Topology, owners: readonly Owner[]): string {
  const primary = ({ id }: DataNode) => owners.some((owner) => owner.id === id);
  const meant = topology.nodes.filter(({ id, host }) => id === name || host === name);
  const found = meant.filter(primary);
  if (found.length === 1 && found[0]) return found[0].id;
  const why =
    meant.length === 0
      ? "there is no such instance or host"
      : found.length === 0
        ? "there is no primary of that name"
        : `there are several primaries on it: ${found.map(({ id }) => id).join(", ")}`;
  throw new RedishaError({
    code: "RESHARD_NO_SUCH_PRIMARY",
    message: `${name === "" ? "An empty name" : name}: ${why}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [`use one of: ${owners.map(({ id }) => id).join(", ")}`, "redisha status"],
  });
}
