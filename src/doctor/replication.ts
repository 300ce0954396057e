import type { DataNode } from "../topology/schema.ts";
import { nodeOf } from "./evidence.ts";
import type { Facts } from "./facts.ts";

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
