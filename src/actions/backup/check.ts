import { z } from "zod";
import { type CheckReport, readCheckReport } from "../../backup/check-report.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { FIND_TOOL, toolCandidates } from "./host-tools.ts";
import { infoOf } from "./save/persistence.ts";
import { becomes } from "./sources.ts";
import { takenAway } from "./taken-away.ts";

export const checkedSchema = z.strictObject({
  size: z.int(),
  sha256: z.string().describe("As the host digests it: what is stored must have the same"),
  keys: z.int(),
  expires: z.int(),
  already_expired: z.int().describe("Gone as soon as a primary loads the file"),
  checksum: z.boolean().describe("False: the server writes none (rdbchecksum no), and damage to values is not seen"),
  tool: z.string().describe("Which program checked it"),
});
export type Checked = z.infer<typeof checkedSchema>;

/**
 * Everything that redis-check-rdb says goes to standard output; so do the lines that are told from it by their first word. The
 * digest is made at the same time: both read the file once, and each keeps one core busy.
 */
const CHECK = `${FIND_TOOL}
file=$1
shift
[ -e "$file" ] || { echo gone; exit 0; }
find_tool "$@"
[ -n "$tool" ] || { echo "no_tool"; exit 0; }
echo "tool $tool"
gently sha256sum -- "$file" | sed 's/^/sha256 /' &
said=$(gently "$tool" "$file" 2>&1)
status=$?
wait
printf '%s\\n' "$said"
echo "status $status"
echo "size $(stat -c %s -- "$file")"`;

/** Checks a snapshot where it was written, with the program that belongs to the server that wrote it. */
export const backupCheck = defineAction({
  name: "backup.check_rdb",
  summary:
    "Checks a snapshot on its host with the server's own redis-check-rdb, to its last byte, and digests it there",
  scope: "instance",
  effect: "read",
  input: z.strictObject({ path: z.string().describe("Of the snapshot, on the host of the instance") }),
  output: checkedSchema,
  example: `- id: check
  action: backup.check_rdb
  targets: { role: data, where: host.id in steps.choose.outputs.instances }
  with: { path: "\${{ steps.save.outputs.saves[host.id].path }}" }
  timeout: 1h`,
  commands: ({ path }) => [
    { transport: "script", text: `redis-check-rdb ${path}` },
    { transport: "script", text: `sha256sum ${path}` },
  ],
  async run({ path }, context) {
    const instance = instanceOf(context);
    const [redis, shell] = await Promise.all([context.redis(instance), context.shell(instance.host)]);
    const candidates = await toolCandidates("check-rdb", redis, context.deployment, context.signal);
    const how = { become: becomes(instance.host), signal: context.signal };
    const { stdout } = await shell.script(CHECK, [path, ...candidates], how);
    if (/^gone$/m.test(stdout)) throw takenAway(`The snapshot ${path} on ${instance.host.name}`, instance.id);
    if (/^no_tool$/m.test(stdout)) throw noTool(instance.host.name, candidates);
    const word = (name: string) => new RegExp(`^${name} (\\S+)`, "m").exec(stdout)?.[1] ?? "";
    const report = readCheckReport(Number(word("status")), stdout.replace(/^(status|size|sha256) .*$/gm, ""));
    const size = Number(word("size"));
    refuseBad(report, size, path, instance.id);
    await refuseEmpty(report, path, context);
    return {
      outputs: {
        size,
        sha256: word("sha256"),
        keys: report.keys ?? 0,
        expires: report.expires ?? 0,
        already_expired: report.alreadyExpired ?? 0,
        checksum: !report.unchecked,
        tool: word("tool"),
      },
      changed: false,
    };
  },
});

function refuseBad(report: CheckReport, size: number, path: string, instance: string): void {
  const behind = report.end === null ? undefined : size - report.end;
  if (report.ok && behind === 0) return;
  const why = report.ok ? `${behind} bytes stand behind its end` : report.complaint;
  throw new RedishaError({
    code: "RDB_DAMAGED",
    message: `The snapshot ${path} of ${instance} is no good: ${why}.`,
    host: instance,
    exit: EXIT.verificationFailed,
    state: "nothing was stored; the server answers as before",
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
    state: "nothing was stored",
    next: ["redisha status: has it ever been synchronised?", "redisha backup"],
  });
}

function noTool(host: string, candidates: readonly string[]): RedishaError {
  return new RedishaError({
    code: "CHECK_TOOL_MISSING",
    message: `${host} has no redis-check-rdb or valkey-check-rdb that runs; looked for ${candidates.join(", ")}.`,
    host,
    exit: EXIT.usage,
    state: "the snapshot was made and is not stored",
    next: ["install the tools of the server's own package on that host (redis-tools, valkey-tools)"],
  });
}
