import { alertRules } from "./checks/alert-rules.ts";
import { announcedAddresses } from "./checks/announced-addresses.ts";
import { authRequired } from "./checks/auth-required.ts";
import { backlogSize } from "./checks/backlog-size.ts";
import { backupRecent } from "./checks/backup-recent.ts";
import { bigKeys } from "./checks/big-keys.ts";
import { clientsSentinelAware } from "./checks/clients-sentinel-aware.ts";
import { clockSkew } from "./checks/clock-skew.ts";
import { configDrift } from "./checks/config-drift.ts";
import { dangerousCommands } from "./checks/dangerous-commands.ts";
import { defaultUser } from "./checks/default-user.ts";
import { deploymentHealthy } from "./checks/deployment-healthy.ts";
import { diskRoom } from "./checks/disk-room.ts";
import { drillRecent } from "./checks/drill-recent.ts";
import { evictionPolicy } from "./checks/eviction-policy.ts";
import { exporterScraped } from "./checks/exporter-scraped.ts";
import { firewallOutside } from "./checks/firewall-outside.ts";
import { fragmentation } from "./checks/fragmentation.ts";
import { hugePages } from "./checks/huge-pages.ts";
import { instancesAnswer } from "./checks/instances-answer.ts";
import { maxmemory } from "./checks/maxmemory.ts";
import { minReplicas } from "./checks/min-replicas.ts";
import { openFiles } from "./checks/open-files.ts";
import { outputBuffers } from "./checks/output-buffers.ts";
import { overcommit } from "./checks/overcommit.ts";
import { persistence } from "./checks/persistence.ts";
import { replicaPriorities } from "./checks/replica-priorities.ts";
import { replicationLogin } from "./checks/replication-login.ts";
import { sentinelCount } from "./checks/sentinel-count.ts";
import { sentinelDownAfter } from "./checks/sentinel-down-after.ts";
import { sentinelNames } from "./checks/sentinel-names.ts";
import { sentinelPeers } from "./checks/sentinel-peers.ts";
import { sentinelQuorum } from "./checks/sentinel-quorum.ts";
import { sentinelZones } from "./checks/sentinel-zones.ts";
import { slowCommands } from "./checks/slow-commands.ts";
import { slowFork } from "./checks/slow-fork.ts";
import { somaxconn } from "./checks/somaxconn.ts";
import { swap } from "./checks/swap.ts";
import { swappiness } from "./checks/swappiness.ts";
import { tlsExpiry } from "./checks/tls-expiry.ts";
import { tlsProtocols } from "./checks/tls-protocols.ts";
import { tlsRequired } from "./checks/tls-required.ts";
import { versionSkew } from "./checks/version-skew.ts";
import { waivers } from "./checks/waivers.ts";
import type { Check } from "./model.ts";

/** Every check that a checklist can name. */
export const CHECKS: readonly Check[] = [
  alertRules,
  announcedAddresses,
  authRequired,
  backlogSize,
  backupRecent,
  bigKeys,
  clientsSentinelAware,
  clockSkew,
  configDrift,
  dangerousCommands,
  defaultUser,
  deploymentHealthy,
  diskRoom,
  drillRecent,
  evictionPolicy,
  exporterScraped,
  firewallOutside,
  fragmentation,
  hugePages,
  instancesAnswer,
  maxmemory,
  minReplicas,
  openFiles,
  outputBuffers,
  overcommit,
  persistence,
  replicaPriorities,
  replicationLogin,
  sentinelCount,
  sentinelNames,
  sentinelPeers,
  sentinelQuorum,
  sentinelDownAfter,
  sentinelZones,
  slowCommands,
  slowFork,
  somaxconn,
  swap,
  swappiness,
  tlsExpiry,
  tlsProtocols,
  tlsRequired,
  versionSkew,
  waivers,
];

const BY_ID: ReadonlyMap<string, Check> = new Map(CHECKS.map((check) => [check.id, check]));

export function checkNamed(id: string): Check | undefined {
  return BY_ID.get(id);
}
