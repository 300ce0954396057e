import { blockedWay } from "./causes/blocked-way.ts";
import { busyScript } from "./causes/busy-script.ts";
import { clientsOnOldPrimary } from "./causes/clients-on-old-primary.ts";
import { clockJump } from "./causes/clock-jump.ts";
import { closedBus, slotsUncovered } from "./causes/cluster-down.ts";
import { failingTls } from "./causes/failing-tls.ts";
import { foreignRdb } from "./causes/foreign-rdb.ts";
import { fullSyncs } from "./causes/full-syncs.ts";
import { killedByKernel } from "./causes/killed-by-kernel.ts";
import { loading } from "./causes/loading.ts";
import { memoryFull } from "./causes/memory-full.ts";
import { mixedNames } from "./causes/mixed-names.ts";
import { noCandidate } from "./causes/no-candidate.ts";
import { noQuorum } from "./causes/no-quorum.ts";
import { saveFailing } from "./causes/save-failing.ts";
import { sentinelLogin } from "./causes/sentinel-login.ts";
import { sentinelTilt } from "./causes/sentinel-tilt.ts";
import { serverDown } from "./causes/server-down.ts";
import { slowCommands } from "./causes/slow-commands.ts";
import { slowDetection } from "./causes/slow-detection.ts";
import { slowFork } from "./causes/slow-fork.ts";
import { staleSentinelPeers } from "./causes/stale-sentinel-peers.ts";
import { swappedOut } from "./causes/swapped-out.ts";
import { tooFewReplicas } from "./causes/too-few-replicas.ts";
import { twoPrimaries } from "./causes/two-primaries.ts";
import { wrongMasterauth } from "./causes/wrong-masterauth.ts";
import { wrongPrimary } from "./causes/wrong-primary.ts";
import type { Cause } from "./model.ts";

/** Every cause that doctor can be asked for. */
export const CAUSES: readonly Cause[] = [
  blockedWay,
  busyScript,
  clientsOnOldPrimary,
  clockJump,
  closedBus,
  failingTls,
  foreignRdb,
  fullSyncs,
  killedByKernel,
  loading,
  memoryFull,
  mixedNames,
  noCandidate,
  noQuorum,
  saveFailing,
  sentinelLogin,
  sentinelTilt,
  serverDown,
  slotsUncovered,
  slowCommands,
  slowDetection,
  slowFork,
  staleSentinelPeers,
  swappedOut,
  tooFewReplicas,
  twoPrimaries,
  wrongMasterauth,
  wrongPrimary,
];

const BY_ID: ReadonlyMap<string, Cause> = new Map(CAUSES.map((cause) => [cause.id, cause]));

export function causeNamed(id: string): Cause | undefined {
  return BY_ID.get(id);
}
