import { type CheckReport, readCheckReport } from "../../backup/check-report.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { ActionContext } from "../contract.ts";
import { instanceOf } from "../needs.ts";
import { FIND_TOOL, toolCandidates } from "./host-tools.ts";
import { infoOf } from "./save/persistence.ts";
import { becomes } from "./sources.ts";
import { takenAway } from "./taken-away.ts";

/** What a host found out about a snapshot of its own. */
export interface Checked {
  readonly size: number;
  /** As the host digests it: what is stored must have the same. */
  readonly sha256: string;
  readonly keys: number;
  readonly expires: number;
  /** Gone as soon as a primary loads the file. */
  readonly alreadyExpired: number;
  /** False: the server writes none (rdbchecksum no), and damage to values is not seen. */
  readonly checksum: boolean;
}

/**
 * Everything that redis-check-rdb says goes to standard output; so do the lines that are told from it by their first word. The
 * digest is made at the same time: both read the file once, and each keeps one core busy. By openssl where it is there: it
 * uses what the processor has for it, and takes a third of the time of most builds of sha256sum.
 */
const CHECK = `${FIND_TOOL}
digest() {
  gently openssl dgst -sha256 -r "$1" 2>/dev/null || gently sha256sum -- "$1"
}
file=$1
shift
[ -e "$file" ] || { echo gone; exit 0; }
find_tool "$@"
[ -n "$tool" ] || { echo "no_tool"; exit 0; }
echo "tool $tool"
digest "$file" | sed 's/^/sha256 /' &
said=$(gently "$tool" "$file" 2>&1)
status=$?
wait
printf '%s\\n' "$said"
echo "status $status"
echo "size $(stat -c %s -- "$file")"`;

/**
 * Checks a snapshot where it was written, to its last byte, with the program that belongs to the server that wrote it, and
 * digests it there. Fails with RDB_DAMAGED, RDB_EMPTY, CHECK_TOOL_MISSING, or BACKUP_TAKEN_AWAY where the file is gone.
 */
export async function checkSnapshot(path: string, context: ActionContext, signal: AbortSignal): Promise<Checked> {
  const instance = instanceOf(context);
  const [redis, shell] = await Promise.all([context.redis(instance), context.shell(instance.host)]);
  const candidates = await toolCandidates("check-rdb", redis, context.deployment, signal);
  const how = { become: becomes(instance.host), signal };
  const { stdout } = await shell.script(CHECK, [path, ...candidates], how);
  if (/^gone$/m.test(stdout)) throw takenAway(`The snapshot ${path} on ${instance.host.name}`, instance.id);
  if (/^no_tool$/m.test(stdout)) throw noTool(instance.host.name, candidates);
  const word = (name: string) => new RegExp(`^${name} (\\S+)`, "m").exec(stdout)?.[1] ?? "";
  const report = readCheckReport(Number(word("status")), stdout.replace(/^(tool|status|size|sha256) .*$/gm, ""));
  const size = Number(word("size"));
  refuseBad(report, size, path, instance.id);
  await refuseEmpty(report, path, context);
  return {
    size,
    sha256: word("sha256"),
    keys: report.keys ?? 0,
    expires: report.expires ?? 0,
    alreadyExpired: report.alreadyExpired ?? 0,
    checksum: !report.unchecked,
  };
}

function refuseBad(report: CheckReport, size: number, path: string, instance: string): void {
  const behind = report.end === null ? undefined : size - report.end;
  if (report.ok && behind === 0) return;
  const why = report.ok ? `${behind} bytes stand behind its end` : report.complaint;
  throw new RedishaError({
    code: "RDB_DAMAGED",
    message: `The snapshot ${path} of ${instance} is no good: ${why}.`,
    host: instance,
    exit: EXIT.verificationFailed,
    state: "what was stored of it was taken away; the server answers as before",
    next: [
      "look at the disk and the memory of that host",
      "redisha backup, which takes another replica where there is one",
    ],
  });
}

/** A file without a single key passes every check: a server that has keys cannot have written it. */
async function refuseEmpty({ keys }: CheckReport, path: string, context: ActionContext): Promise<void> {
  if (keys !== 0) return;
  const instance = instanceOf(context);
  const info = await infoOf(await context.redis(instance), ["keyspace"], context.signal);
  const held = Object.entries(info).filter(([name]) => /^db\d+$/.test(name));
  // Keys that all expire may be gone between the save and now, not the other way round.
  const lasting = held.some(([, text]) => {
    const [, total = "0", expires = "0"] = /keys=(\d+),expires=(\d+)/.exec(text) ?? [];
    return Number(total) > Number(expires);
  });
  if (!lasting) return;
  throw new RedishaError({
    code: "RDB_EMPTY",
    message: `The snapshot ${path} holds no key, and ${instance.id} does.`,
    host: instance.id,
    exit: EXIT.verificationFailed,
    state: "what was stored of it was taken away",
    next: ["redisha status: has it ever been synchronised?", "redisha backup"],
  });
}

function noTool(host: string, candidates: readonly string[]): RedishaError {
  return new RedishaError({
    code: "CHECK_TOOL_MISSING",
    message: `${host} has no redis-check-rdb or valkey-check-rdb that runs; looked for ${candidates.join(", ")}.`,
    host,
    exit: EXIT.usage,
    state: "the snapshot was made; what was stored of it was taken away",
    next: ["install the tools of the server's own package on that host (redis-tools, valkey-tools)"],
  });
}
