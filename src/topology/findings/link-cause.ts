import type { DataNode } from "../schema.ts";
import { canFullSync } from "../versions.ts";
import { follow, onHostOf } from "../words.ts";

/** Why a replica probably has no link, what that is taken from, and what to do. */
export interface LinkCause {
  readonly text: string;
  readonly evidence: readonly string[];
  readonly next: readonly string[];
}

/**
 * The likeliest cause by what both ends say, without a look at logs: the replica's state in ROLE, and logins that its
 * primary refused. `right` is whom it should follow where it follows nobody known. A wrong masterauth leaves `connect` in ROLE and a growing WRONGPASS or NOAUTH count on the primary.
 */
export function linkCause(replica: DataNode, primary: DataNode | undefined, right: DataNode | undefined): LinkCause {
  const where = replica.primary_address ?? "nobody";
  const ownLog = `read the log of ${replica.id}: it says why each attempt fails`;
  if (!primary || (!primary.reach.ok && !primary.listed)) {
    return {
      text: `it follows ${where}, which redisha.yaml does not list`,
      evidence: [],
      next: [`point it at the primary: ${follow(replica, right)}`],
    };
  }
  if (!primary.reach.ok) {
    return {
      text: `${primary.id} does not answer us either`,
      evidence: [`${primary.id}: ${primary.reach.code}`],
      next: [],
    };
  }
  if (primary.loading)
    return { text: `${primary.id} is loading its data`, evidence: [], next: ["wait until it is loaded"] };
  if (replica.sync_in_progress === true) return { text: "a full sync is under way", evidence: [], next: [] };
  if (primary.role === "replica" && primary.link_up === false) {
    return {
      text: `${primary.id}, which it follows, has no link itself`,
      evidence: [],
      next: [`mend ${primary.id} first`],
    };
  }
  if (!canFullSync(primary, replica)) {
    return {
      text: `${replica.version} cannot load the RDB format of ${primary.engine} ${primary.version}`,
      evidence: [`${primary.id} ${primary.version}`, `${replica.id} ${replica.version}`],
      next: [`bring ${replica.id} to the version of ${primary.id}; each attempt empties it`],
    };
  }
  if ((primary.auth_errors ?? 0) > 0) {
    return {
      text: `probably a wrong or missing masterauth: ${primary.id} refused ${primary.auth_errors} logins and answers us`,
      evidence: [`${primary.id} INFO errorstat WRONGPASS and NOAUTH: ${primary.auth_errors}`],
      next: [`set masterauth (and masteruser) on ${replica.id} to what ${primary.id} expects`, ownLog],
    };
  }
  if (replica.link_state === "connecting") {
    return {
      text: `it cannot open a connection to ${where}, which answers us: a firewall between them, or an address it cannot reach`,
      evidence: [`${replica.id} ROLE: connecting`],
      next: [knock(replica, primary)],
    };
  }
  return {
    text: `${primary.id} answers us, so look at masterauth, TLS (tls-replication) and the way from ${replica.host} to ${where}`,
    evidence: [],
    next: [ownLog, knock(replica, primary)],
  };
}

/** Any answer will do, NOAUTH too: it shows that the way from the replica's host is open. */
function knock(replica: DataNode, { address, port }: DataNode): string {
  return `is the way open from ${replica.host}? ${onHostOf(replica, `redis-cli -h ${address} -p ${port} PING`)}`;
}
