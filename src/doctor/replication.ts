import type { DataNode } from "../topology/schema.ts";
import { canFullSync } from "../topology/versions.ts";
import { inLog, nodeOf } from "./evidence.ts";
import type { Facts } from "./facts.ts";
import type { Evidence } from "./model.ts";

/** Replicas that answer and have no link, though no full sync is under way. */
export function withoutLink({ topology }: Facts): DataNode[] {
  return topology.nodes.filter(
    ({ up, role, link_up, sync_in_progress }) =>
      up && role === "replica" && link_up === false && sync_in_progress !== true,
  );
}

/**
 * Whether one server lets another in as a replica, by keyed prints of both passwords; undefined where either end did not tell.
 */
export function letsIn(facts: Facts, primary: string, replica: string): boolean | undefined {
  const login = facts.servers[replica]?.replication_login;
  const users = facts.servers[primary]?.users;
  if (!login || !users) return undefined;
  const user = users.find(({ name }) => name === login.user);
  if (!user?.on) return false;
  return user.nopass || (login.password !== null && user.passwords.includes(login.password));
}

/** The primary that a node should follow: that of its shard; undefined where there is none, or more than one. */
export function rightPrimary(facts: Facts, node: DataNode): DataNode | undefined {
  const { topology } = facts;
  if (topology.kind !== "cluster") return nodeOf(facts, topology.primary_id);
  return topology.nodes.find(
    ({ role, up, cluster }) => up && role === "primary" && cluster?.shard === node.cluster?.shard,
  );
}

/** Data nodes that answer as primaries; of a cluster there are many, and that is well. */
export function primaries({ topology }: Facts): DataNode[] {
  return topology.nodes.filter(({ reach, role }) => reach.ok && role === "primary");
}

const CANNOT_LOAD = /Can't handle RDB format|Failed trying to load the (MASTER|PRIMARY) synchronization/i;

/**
 * What says that a replica cannot load what its primary sends, by versions or by its own log; undefined where it can. It
 * asks again at once, so that a full sync seems to be under way most of the time.
 */
export function cannotLoad(facts: Facts, replica: DataNode): Evidence[] | undefined {
  const primary = nodeOf(facts, replica.primary_id);
  if (!primary?.reach.ok || replica.role !== "replica" || replica.link_up !== false) return undefined;
  const logged = inLog(facts, replica.id, CANNOT_LOAD);
  return canFullSync(primary, replica) && logged.length === 0 ? undefined : logged;
}
