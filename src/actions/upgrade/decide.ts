import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { DataNode, Topology } from "../../topology/schema.ts";
import { linesToKeep } from "../../upgrade/kept-behaviour.ts";
import { type Decision, decideBack, decideBackByBackup, decideBackUnder, decideUpgrade } from "../../upgrade/matrix.ts";
import { isOlder, isRelease, type Release, seriesOf, shown } from "../../upgrade/release.ts";
import { defineAction } from "../define.ts";
import { chooseStandby } from "./choose-standby.ts";

const id = z.string();

/** Holds the releases that run against the one that is wanted, and says who has to move. */
export const upgradeDecide = defineAction({
  name: "upgrade.decide",
  summary:
    "Fails unless every server may be brought to the release by replication; tells who has to move, and what leads back",
  scope: "controller",
  effect: "read",
  once: true,
  input: z.strictObject({
    engine: z.string().nullable().default(null).describe("redis or valkey; null: what runs now"),
    version: z.string().describe("The release that is wanted: 8.0.2"),
    after: z
      .string()
      .regex(/^[a-z]+ \d+(\.\d+)+$/, "redis 7.0.15")
      .nullable()
      .default(null)
      .describe("What everybody runs by then, where another hop comes before: redis 7.0.15"),
    back: z.boolean().default(false).describe("It is the older one: allowed where the way back needs no backup"),
    by_backup: z.boolean().default(false).describe("It is the older one: allowed where the way back needs one"),
    standby: z
      .string()
      .nullable()
      .default(null)
      .describe("A replica, or its host, that is left on its release, and leads back by partial resync"),
    by_standby: z
      .string()
      .nullable()
      .default(null)
      .describe("It is the older one, and this replica runs it: it is to be the primary first"),
  }),
  output: z.strictObject({
    engine: z.string(),
    version: z.string(),
    from: z.array(z.string()).describe("Releases that run now"),
    rdb_from: z.int().nullable().describe("RDB version that is written now; null where nobody has to move"),
    rdb_to: z.int().nullable(),
    commits: z.boolean().describe("Behind the switchover only a backup leads back"),
    way_back: z.string().describe("In words"),
    lost: z.array(z.string()).describe("What going back behind the switchover would cost"),
    misses: z
      .array(id)
      .describe("Those that follow one of the wanted release before they run it, and may drop what they do not know"),
    lines: z
      .array(z.string())
      .describe("Directives that files of the present release need, so that they go on meaning what they mean"),
    replicas: z.array(id).describe("Those that have to move and follow another"),
    primaries: z.array(id).describe("Those that have to move and are followed"),
    sentinels: z.array(id),
    standby: z.string().describe("Who is left on the release from before; empty where nobody is"),
    standby_host: z.string().describe("Its host, which is left as it is"),
  }),
  example: `- id: decide
  action: upgrade.decide
  with: { version: "8.0.2" }`,
  commands: ({ version }) => [{ transport: "controller", text: `hold the releases that run against ${version}` }],
  tell: ({ engine, version, from, rdb_from, rdb_to, way_back, lost }) =>
    rdb_from === null
      ? `everybody runs ${shown({ engine, version })}`
      : [
          `from ${from.join(", ")} to ${shown({ engine, version })}; data files: RDB ${rdb_from} to ${rdb_to}`,
          `the way back behind the switchover: ${way_back}`,
          ...(lost.length > 0 ? [`it would cost: ${lost.join("; ")}`] : []),
        ].join("\n"),
  run: async (input, context) => ({
    outputs: decideAll(await context.topology({ fresh: true }), input),
    changed: false,
  }),
});

/** What is wanted, by the names of the action's inputs; what is not given is not wanted. */
export interface Wanted {
  readonly engine: string | null;
  readonly version: string;
  readonly after?: string | null;
  readonly back?: boolean;
  readonly by_backup?: boolean;
  readonly standby?: string | null;
  readonly by_standby?: string | null;
}

/** The decision about a whole deployment. Fails (exit 4) for the first server that may not be brought to the release. */
export function decideAll(topology: Topology, wanted: Wanted) {
  const { version, after = null, back = false, by_backup = false, standby = null, by_standby = null } = wanted;
  const before = after === null ? null : namedRelease(after);
  const runs = (node: DataNode) =>
    byThen(releaseOf(node), before, { engine: wanted.engine ?? node.engine ?? "", version });
  const running = topology.nodes.map(runs);
  const engine = wanted.engine ?? running.find((release) => release !== undefined)?.engine ?? "redis";
  const to = { engine, version };
  const kept = standby === null ? undefined : chooseStandby(standby, to, topology);
  const moving = topology.nodes.filter((node) => !isAt(node, to) && node.id !== kept?.id);
  const decisions = moving.map((node) => {
    const under = by_standby !== null || followsOne(node, to, topology);
    const newest = !back ? decideUpgrade : under ? decideBackUnder : decideBack;
    const decide = by_backup ? decideBackByBackup : newest;
    return allowedFor(node, runs(node), to, decide);
  });
  // The way back of the oldest: where it needs a backup, all of them do.
  const decision = decisions.find(({ commits }) => commits) ?? decisions[0];
  const following = moving.filter((node) => node.role === "primary" || followsOne(node, to, topology));
  const misses = back || by_backup ? [] : following.filter((node) => mayMiss(runs(node), to)).map((node) => node.id);
  const outputs = { ...described(to, running, decision), misses, ...whoMoves(topology, moving, to, by_standby) };
  return { ...outputs, ...leaving(kept, outputs) };
}

function releaseOf({ engine, version }: DataNode): Release | undefined {
  return engine === null || version === null ? undefined : { engine, version };
}

function namedRelease(text: string): Release {
  const [engine = "", version = ""] = text.split(" ");
  return { engine, version };
}

/** What it runs when its turn comes: what the hop before brings it to, if it is older than that. */
function byThen(now: Release | undefined, after: Release | null, to: Release): Release | undefined {
  if (now === undefined || after === null || isRelease(now, to)) return now;
  return now.engine !== after.engine || isOlder(after, now) ? after : now;
}

function isAt(node: DataNode, to: Release): boolean {
  const release = releaseOf(node);
  return release !== undefined && isRelease(release, to);
}

/**
 * Within a series both know the same commands. Else an older one drops some: 6.0 under 7.0 each SET with an expiry, with its
 * link up and its offset in step; 7.0 and later what is new.
 */
function mayMiss(from: Release | undefined, to: Release): boolean {
  return from !== undefined && (from.engine !== to.engine || seriesOf(from) !== seriesOf(to));
}

/** Whether its primary runs the release. */
function followsOne({ id, role }: DataNode, to: Release, { kind, nodes, shards }: Topology): boolean {
  const shard = kind === "cluster" ? shards.find(({ replica_ids }) => replica_ids.includes(id)) : shards[0];
  const primary = nodes.find((node) => node.id === shard?.primary_id);
  return role === "replica" && primary !== undefined && primary.up && isAt(primary, to);
}

function allowedFor(
  node: DataNode,
  from: Release | undefined,
  to: Release,
  decide: (from: Release, to: Release) => Decision,
): Decision & { allowed: true } {
  if (!from) throw notKnown(node.id);
  const decision = decide(from, to);
  if (decision.allowed) return decision;
  throw new RedishaError({
    code: decision.code,
    message: decision.reason,
    host: node.id,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: decision.next,
  });
}

function described(
  to: Release,
  running: readonly (Release | undefined)[],
  decision: (Decision & { allowed: true }) | undefined,
) {
  const from = [...new Set(running.flatMap((release) => (release ? [shown(release)] : [])))].sort();
  return {
    ...to,
    from,
    rdb_from: decision?.rdb.from ?? null,
    rdb_to: decision?.rdb.to ?? null,
    commits: decision?.commits ?? false,
    way_back: decision
      ? `${decision.way_back.by}: ${decision.way_back.reason}${decision.way_back.unless ? `, unless ${decision.way_back.unless}` : ""}`
      : "nothing to go back from",
    lost: [...(decision?.way_back.lost ?? [])],
    lines: [...new Set(running.flatMap((release) => (release ? linesToKeep(release, to) : [])))],
  };
}

/** A Sentinel does not say which project it is of; its version tells enough. Behind a standby that takes over, all others follow. */
function whoMoves(
  { sentinels }: Topology,
  moving: readonly DataNode[],
  { version }: Release,
  takesOver: string | null,
) {
  const follows = ({ role }: DataNode) => role !== "primary" || takesOver !== null;
  return {
    replicas: moving.filter(follows).map((node) => node.id),
    primaries: moving.filter((node) => !follows(node)).map((node) => node.id),
    sentinels: sentinels.filter((sentinel) => sentinel.version !== version).map((sentinel) => sentinel.id),
  };
}

/** What is otherwise where one is left behind: packages are those of a whole host, so its Sentinel is, too. */
function leaving(kept: DataNode | undefined, { way_back, sentinels }: { way_back: string; sentinels: string[] }) {
  if (kept === undefined) return { standby: "", standby_host: "" };
  const first = `${kept.id} stays on ${kept.version} and leads back without loss, until a command that it does not know is used`;
  return {
    standby: kept.id,
    standby_host: kept.host,
    way_back: `${first}; then ${way_back}`,
    sentinels: sentinels.filter((sentinel) => sentinel.replace(/:\d+$/, "") !== kept.host),
  };
}

function notKnown(host: string): RedishaError {
  return new RedishaError({
    code: "UPGRADE_NODE_SILENT",
    message: `${host} does not tell what it runs.`,
    host,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: ["bring it back, or take it out of redisha.yaml: redisha status --wide"],
  });
}
