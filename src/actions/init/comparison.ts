import type { ConfLine } from "../../conf/conf-file.ts";
import type { HostConnection, RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { addressesOf, type DesiredFile, desiredFiles } from "../../init/desired.ts";
import { type Difference, differencesOf, liveDifferences } from "../../init/differences.ts";
import { needsRestart } from "../../init/fixed-directives.ts";
import { linesOf, unitLinesOf, userLinesOf } from "../../init/lines.ts";
import { loadedModules, moduleDifferences } from "../../init/module-differences.ts";
import { sentinelLive, settableBy, stalePeers } from "../../init/sentinel-differences.ts";
import type { Situation } from "../../init/situation.ts";
import { userDifferences, userFileDifferences } from "../../init/user-differences.ts";
import type { Instance } from "../../inventory/model.ts";
import { pairsOf } from "../../topology/parse/pairs.ts";
import type { ActionContext } from "../contract.ts";
import { type HostFile, lookAtFile } from "../file/host-file.ts";
import { masterOf } from "../sentinel/set.ts";

/** One file of a host, held against what it should be. */
export interface ComparedFile {
  readonly desired: DesiredFile;
  /** Its text on the host; undefined where there is none. May hold secrets. */
  readonly text: string | undefined;
  readonly found: HostFile | undefined;
  readonly differences: readonly Difference[];
  /** It is there with the right content, owner and mode. */
  readonly same: boolean;
}

export interface LiveChange extends Difference {
  /** For CONFIG SET; may be a secret. */
  readonly value: string;
}

/** How each kind of file is read. */
const LINES = { redis: linesOf, sentinel: linesOf, users: userLinesOf, unit: unitLinesOf } as const;

/** Files of an instance, each against what it should be. */
export async function compareFiles(
  instance: Instance,
  situation: Situation,
  context: Pick<ActionContext, "deployment" | "shell" | "redis" | "signal">,
): Promise<ComparedFile[]> {
  const files = await desiredFiles(instance, context.deployment, situation);
  const shell = await context.shell(instance.host);
  return Promise.all(
    files.map(async (desired) => {
      const found = await lookAtFile(shell, desired.path, context.signal);
      const text = found && (await textOf(shell, desired.path, context.signal));
      const lines = LINES[desired.kind](text ?? "");
      const peers = addressesOf(context.deployment);
      const stale = desired.kind === "sentinel" && peers ? stalePeers(lines, peers) : [];
      const written = differencesOf(desired.merged(text), lines, desired.kind);
      const runs = situation.running.includes(instance.id) && text !== undefined;
      const meant =
        desired.kind === "users" && runs && written.length > 0
          ? await meantUsers(desired.merged(text), lines, instance, context)
          : undefined;
      const differences = [...(meant ?? written), ...stale];
      const kept = found?.owner === desired.owner && found.mode === desired.mode;
      return { desired, text, found, differences, same: kept && differences.length === 0 };
    }),
  );
}

/** What differs of users whatever way they are spelled; undefined where the server cannot be asked. */
async function meantUsers(
  wanted: readonly ConfLine[],
  found: readonly ConfLine[],
  instance: Instance,
  { redis, signal }: Pick<ActionContext, "redis" | "signal">,
): Promise<Difference[] | undefined> {
  const server = await redis(instance).catch(() => undefined);
  return server && userFileDifferences(wanted, found, server, signal).catch(() => undefined);
}

/** What a running data server holds in memory, against its files: what can be set, and what takes a restart. */
export async function compareLive(
  files: readonly ComparedFile[],
  redis: RedisConnection,
  version: string,
  signal: AbortSignal,
): Promise<{ live: LiveChange[]; restart: LiveChange[]; users: Difference[] }> {
  const conf = files.find(({ desired }) => desired.kind === "redis");
  const acl = files.find(({ desired }) => desired.kind === "users");
  if (!conf || !acl) return { live: [], restart: [], users: [] };
  const told = pairsOf(await redis.command(["CONFIG", "GET", "*"], { signal }));
  const all = liveDifferences(conf.desired.merged(conf.text), told);
  // A server that somebody has taken the command from still has all the rest compared.
  const modules = loadedModules(await redis.command(["MODULE", "LIST"], { signal }).catch(() => undefined));
  const more = moduleDifferences(conf.desired.merged(conf.text), modules).map((each) => ({ ...each, value: "" }));
  const users = await userDifferences(acl.desired.merged(acl.text), redis, signal);
  return {
    live: all.filter(({ name }) => !needsRestart(name, version)),
    restart: [...all.filter(({ name }) => needsRestart(name, version)), ...more],
    users,
  };
}

/** What a running Sentinel goes by, against what is declared: what can be set, and the primary that it names. */
export async function compareSentinel(
  files: readonly ComparedFile[],
  situation: Situation,
  instance: Instance,
  context: Pick<ActionContext, "deployment" | "redis" | "signal">,
): Promise<{ live: Difference[]; elsewhere: boolean }> {
  const { sentinel, masterName = "", instances } = context.deployment;
  const names = situation.instances[instance.id]?.names ?? null;
  const primary = instances.find(({ id }) => id === situation.primary);
  if (!sentinel || !primary) return { live: [], elsewhere: false };
  const told = names === null ? {} : await masterOf(await context.redis(instance), masterName, context.signal);
  const right = `${primary.address}:${primary.port}`;
  const written = files.flatMap(({ differences }) => differences);
  const set = names === null ? [] : sentinelLive(sentinel, told, written);
  if (names === right) return { live: set, elsewhere: false };
  return { live: [...set, { name: "the primary that it watches", was: names, will: right }], elsewhere: true };
}

/** Whether a running Sentinel's file takes more than SENTINEL SET to be as it should. */
export function takesPutting({ desired, found, differences }: ComparedFile): boolean {
  const kept = found?.owner === desired.owner && found.mode === desired.mode;
  return !kept || differences.some((each) => settableBy(each) === undefined);
}

async function textOf(shell: HostConnection, path: string, signal: AbortSignal): Promise<string> {
  const { code, stdout } = await shell.script('base64 -w0 <"$1"', [path], { become: true, signal });
  if (code === 0) return Buffer.from(stdout.trim(), "base64").toString();
  throw new RedishaError({
    code: "HOST_FILE_NOT_READ",
    message: `Could not read ${path} on ${shell.host}.`,
    host: shell.host,
    state: "nothing was changed by this step",
  });
}
