import { type RunLife, RunSlot } from "../../engine/run-life.ts";
import { backupFolder } from "../../repository/layout.ts";
import type { StoredFile } from "../../repository/manifest.ts";
import { type Progress, packFile } from "../../repository/pipeline/pack-file.ts";
import { intField } from "../../topology/parse/info.ts";
import type { ActionContext } from "../contract.ts";
import { removeEarlier } from "./packing.ts";
import { packingOf, writingTo } from "./repository.ts";
import { infoOf } from "./save/persistence.ts";
import { becomes, instanceNamed, type Source } from "./sources.ts";

/** Files that go to the repository while they are written: more would only share one line. */
export const AHEAD_AT_ONCE = 2;

/**
 * `$1` the folder in which a server saves. Prints the file that its child writes there, from the first byte on, until the child
 * is gone: it is opened once, so that no matter what it is called in the end, it is this file. A child writes from front to back.
 */
const FOLLOW = `
tries=0
pid=
until [ -n "$pid" ]; do
  for file in "$1"/temp-*.rdb; do
    each=\${file##*/temp-}
    each=\${each%.rdb}
    if [ -e "$file" ] && [ -e "/proc/$each" ]; then pid=$each; break; fi
  done
  [ -n "$pid" ] && break
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || exit 1
  sleep 0.05
done
exec 3<"$file" || exit 1
while [ -e "/proc/$pid" ]; do cat <&3 || exit 1; sleep 0.05; done
exec cat <&3`;

/** A snapshot on its way into the repository before it is known to be one. */
interface Ahead {
  /** What was stored; undefined where that came to nothing. To be believed only where a check of the finished file bears it out. */
  readonly file: Promise<StoredFile | undefined>;
  /** How far it is; undefined until the beginning of the file was found. */
  at: Progress | undefined;
  /** Hears of it. */
  onProgress: (at: Progress) => void;
  stop(): Promise<void>;
}

const slot = new RunSlot<Map<string, Ahead>>();

/**
 * Begins to store the snapshot of a source while its server still writes it, as soon as the child was asked for: the save and
 * the transfer take as long as the longer of the two. Never fails: what comes to nothing is transferred afterwards.
 */
export function storeAhead(source: Source, dir: string, limitRate: number | null, context: ActionContext): void {
  const { life } = context;
  const all = slot.of(life) ?? new Map<string, Ahead>();
  if (all.size >= AHEAD_AT_ONCE) return;
  if (all.size === 0) life.atEnd(() => stopAhead(life));
  slot.put(life, all);
  const stopping = new AbortController();
  const ahead: Ahead = {
    onProgress: () => undefined,
    at: undefined,
    stop: async () => {
      stopping.abort();
      await ahead.file;
    },
    file: stored(source, dir, limitRate, { ...context, signal: stopping.signal }, (at) => {
      ahead.at = at;
      ahead.onProgress(at);
    }).catch(() => undefined),
  };
  all.set(source.instance, ahead);
}

/** The transfer of an instance that was begun ahead; whoever takes it waits for it or stops it. */
export function takeAhead(instance: string, life: RunLife): Ahead | undefined {
  const all = slot.of(life);
  const ahead = all?.get(instance);
  all?.delete(instance);
  return ahead;
}

/** The child is gone: a transfer that has not found its file by now never will. */
export async function giveUpUnbegun(instance: string, life: RunLife): Promise<void> {
  const ahead = slot.of(life)?.get(instance);
  if (ahead && !ahead.at) await takeAhead(instance, life)?.stop();
}

/** Stops all that nobody took. What they had stored is still there. */
export async function stopAhead(life: RunLife): Promise<void> {
  const all = slot.of(life);
  const waiting = [...(all?.values() ?? [])];
  all?.clear();
  await Promise.all(waiting.map((ahead) => ahead.stop()));
}

async function stored(
  source: Source,
  dir: string,
  limitRate: number | null,
  context: ActionContext,
  onProgress: (at: Progress) => void,
): Promise<StoredFile | undefined> {
  const instance = instanceNamed(context.deployment, source.instance);
  const [redis, shell, repository] = await Promise.all([
    context.redis(instance),
    context.shell(instance.host),
    writingTo(context),
  ]);
  const { store, signal } = repository;
  const folder = backupFolder(context.deployment.name, context.life.id);
  await removeEarlier(store, `${folder}shards/${source.shard}/`, signal);
  const how = { become: becomes(instance.host), signal };
  const estimate = intField(await infoOf(redis, ["memory"], signal), "used_memory");
  const { stdout, done } = await shell.stream(["sh", "-c", FOLLOW, "sh", dir], how);
  const file = await packFile(store, folder, stdout, packingOf(repository, limitRate, context), {
    name: `shards/${source.shard}/dump.rdb`,
    kind: "rdb",
    instance: source.instance,
    ...(estimate === null ? {} : { estimate }),
    onProgress,
    signal,
  });
  return (await done).code === 0 ? file : undefined;
}
