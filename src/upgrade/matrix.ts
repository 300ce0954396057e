import { rdbVersionOf } from "../runbook/versions.ts";
import { isOlder, isRelease, majorOf, type Release, seriesOf, shown } from "./release.ts";
import { type WayBack, wayBack } from "./way-back.ts";

/** What an upgrade from one release to another comes to. */
export type Decision =
  | { readonly allowed: false; readonly code: RefusalCode; readonly reason: string; readonly next: readonly string[] }
  | {
      readonly allowed: true;
      readonly rdb: { readonly from: number; readonly to: number };
      /** The first write behind the switchover cannot be taken back by replication. */
      readonly commits: boolean;
      readonly way_back: WayBack;
    };

type RefusalCode =
  | "UPGRADE_UNKNOWN_RELEASE"
  | "UPGRADE_IS_DOWNGRADE"
  | "UPGRADE_SKIPS_SERIES"
  | "UPGRADE_FOREIGN_FORMAT"
  | "UPGRADE_OTHER_PROJECT"
  | "ROLLBACK_WITHOUT_LOSS";

/** Redis 7.4 and later write formats that no Valkey reads. */
const FIRST_FOREIGN_TO_VALKEY = 12;

/**
 * Whether servers of one release can be brought to another one by one, by replication, without losing a write: within a
 * series, to the next major series of the same project, and from Redis up to 7.2 to Valkey up to 8.
 */
export function decideUpgrade(from: Release, to: Release): Decision {
  return refusal(from, to) ?? allowed(from, to);
}

/**
 * Whether servers that run a newer release can be brought back to an older one, one by one, by replication: only where the
 * newer one still sends its replicas what the older one reads.
 */
export function decideBack(from: Release, to: Release): Decision {
  if (rdbOf(to) === undefined) return refuse("UPGRADE_UNKNOWN_RELEASE", `${shown(to)} is not known here.`);
  if (from.engine === to.engine && !isOlder(from, to)) {
    return refuse("UPGRADE_IS_DOWNGRADE", `${shown(to)} is not older than ${shown(from)}.`);
  }
  const way = wayBack(from, to);
  if (way.by === "backup") {
    const reason = `${way.reason}. Only a backup leads back, at the cost of: ${way.lost.join("; ")}.`;
    return refuse("UPGRADE_IS_DOWNGRADE", reason, [
      "what could be restored: redisha backup list",
      `by one of them, and agreeing to the loss: redisha rollback --to ${to.version} --backup ID --lose 16mb`,
    ]);
  }
  const forward = decideUpgrade(to, from);
  if (!forward.allowed) return forward;
  return { ...forward, rdb: { from: forward.rdb.to, to: forward.rdb.from }, commits: false };
}

/**
 * Whether servers that run a newer release are to be brought back to an older one by a backup from before, at the cost of
 * what was written since: not where they can be brought back without loss, and not where the other release is a newer one.
 */
export function decideBackByBackup(from: Release, to: Release): Decision {
  for (const release of [from, to]) {
    if (rdbOf(release) === undefined) return refuse("UPGRADE_UNKNOWN_RELEASE", `${shown(release)} is not known here.`);
  }
  if ((from.engine === to.engine && !isOlder(from, to)) || decideUpgrade(from, to).allowed) {
    return refuse("UPGRADE_IS_DOWNGRADE", `${shown(to)} is not older than ${shown(from)}.`, [
      `redisha upgrade --to ${to.version}`,
    ]);
  }
  const way = wayBack(from, to);
  if (way.by === "rolling" && way.unless === null) {
    const reason = `From ${shown(from)} to ${shown(to)} nothing has to be lost: ${way.reason}.`;
    return refuse("ROLLBACK_WITHOUT_LOSS", reason, [`leave out --lose: redisha rollback --to ${to.version}`]);
  }
  const rdb = { from: rdbVersionOf(from.version, from.engine), to: rdbVersionOf(to.version, to.engine) };
  const lost = way.by === "backup" ? way.lost : ["every write since the backup", ...way.lost];
  return {
    allowed: true,
    rdb,
    commits: true,
    way_back: { by: "backup", reason: way.reason, unless: null, lost },
  };
}

/**
 * The way back of a server whose primary runs the older release still, or again: it gets all its data from there, whatever
 * the two formats are, once the files that the older one cannot read are gone.
 */
export function decideBackUnder(from: Release, to: Release): Decision {
  for (const release of [from, to]) {
    if (rdbOf(release) === undefined) return refuse("UPGRADE_UNKNOWN_RELEASE", `${shown(release)} is not known here.`);
  }
  return {
    allowed: true,
    rdb: { from: rdbVersionOf(from.version, from.engine), to: rdbVersionOf(to.version, to.engine) },
    commits: false,
    way_back: { by: "rolling", reason: `the primary runs ${shown(to)}`, unless: null, lost: [] },
  };
}

function refusal(from: Release, to: Release): (Decision & { allowed: false }) | undefined {
  for (const release of [from, to]) {
    if (rdbOf(release) === undefined) return refuse("UPGRADE_UNKNOWN_RELEASE", `${shown(release)} is not known here.`);
  }
  if (isOlder(from, to) && !isRelease(from, to)) return downgrade(from, to);
  if (from.engine === "valkey" && to.engine === "redis") return valkeyToRedis(from, to);
  if (from.engine === "redis" && to.engine === "valkey") return redisToValkey(from, to);
  if (majorOf(to) > majorOf(from) + 1) return skips(from, to, `${to.engine} ${majorOf(from) + 1}.x`);
  return undefined;
}

function allowed(from: Release, to: Release): Decision & { allowed: true } {
  const way = wayBack(to, from);
  return {
    allowed: true,
    rdb: { from: rdbVersionOf(from.version, from.engine), to: rdbVersionOf(to.version, to.engine) },
    commits: way.by === "backup",
    way_back: way,
  };
}

function downgrade(from: Release, to: Release): Decision & { allowed: false } {
  const { by, reason, lost } = wayBack(from, to);
  const why = by === "backup" ? ` ${reason}; ${lost.join("; ")}.` : "";
  return refuse("UPGRADE_IS_DOWNGRADE", `From ${shown(from)} to ${shown(to)} is a downgrade.${why}`, [
    `redisha rollback --to ${to.version}`,
  ]);
}

function valkeyToRedis(from: Release, to: Release): Decision & { allowed: false } {
  if (majorOf(from) >= 9) {
    return refuse(
      "UPGRADE_FOREIGN_FORMAT",
      `${shown(from)} writes RDB ${rdbOf(from)} under a name of its own, which no Redis reads.`,
    );
  }
  return refuse(
    "UPGRADE_OTHER_PROJECT",
    `From ${shown(from)} to ${shown(to)} there would be no way back: Redis writes RDB ${rdbOf(to)} there, and its commands have gone another way since 7.2.`,
  );
}

function redisToValkey(from: Release, to: Release): (Decision & { allowed: false }) | undefined {
  const written = rdbVersionOf(from.version, from.engine);
  if (written >= FIRST_FOREIGN_TO_VALKEY) {
    return refuse(
      "UPGRADE_FOREIGN_FORMAT",
      `${shown(from)} writes RDB ${written}, which no Valkey reads: neither a replica nor a file can bring the data over.`,
      ["move the data by a program that reads and writes keys by their type"],
    );
  }
  if (majorOf(to) >= 9) return skips(from, to, "valkey 8.x");
  return undefined;
}

function skips(from: Release, to: Release, via: string): Decision & { allowed: false } {
  return refuse(
    "UPGRADE_SKIPS_SERIES",
    `From ${shown(from)} to ${shown(to)} is a jump over ${via}: directives, ACL rules and commands were changed there, and nobody tests the two together.`,
    [
      `in one run: redisha upgrade --to ${to.version} --via RELEASE, one of ${via}`,
      `or upgrade to ${via} first, let it run for a while, then go on to ${seriesOf(to)}`,
    ],
  );
}

function rdbOf({ engine, version }: Release): number | undefined {
  try {
    return rdbVersionOf(version, engine);
  } catch {
    return undefined;
  }
}

function refuse(code: RefusalCode, reason: string, next: readonly string[] = []): Decision & { allowed: false } {
  return { allowed: false, code, reason, next };
}
