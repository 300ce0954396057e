import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { formatBytes } from "../../core/units.ts";
import { intField } from "../../topology/parse/info.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { infoOf } from "./save/persistence.ts";
import { snapshotPlace } from "./save/server-files.ts";
import { becomes } from "./sources.ts";

/** Free and total bytes in blocks of 1024, inodes apart; then how the kernel hands out memory to a fork. */
const LOOK = `
set -eu
df -Pk -- "$1" | awk 'NR==2 { print $4 }'
cat /proc/sys/vm/overcommit_memory 2>/dev/null || echo 1
awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2>/dev/null || echo 0`;

/** A snapshot that fills the disk fails, and a primary whose snapshot failed may refuse writes. */
export const backupRoom = defineAction({
  name: "backup.room",
  summary: "Makes sure that the disk of a source holds one more snapshot, and that the kernel lets it fork",
  scope: "instance",
  effect: "read",
  input: z.strictObject({}),
  output: z.strictObject({
    free: z.int().describe("Bytes free where the server writes its snapshot"),
    used_memory: z.int().describe("Bytes of data: no snapshot is larger"),
    warning: z.string().nullable(),
  }),
  example: `- id: room
  action: backup.room
  targets: { role: data, where: host.id in steps.choose.outputs.instances }
  with: {}`,
  commands: () => [
    { transport: "script", text: "df -Pk DIR" },
    { transport: "redis", text: "INFO memory" },
  ],
  async run(_input, context) {
    const instance = instanceOf(context);
    const [redis, shell] = await Promise.all([context.redis(instance), context.shell(instance.host)]);
    const { dir } = await snapshotPlace(redis);
    const info = await infoOf(redis, ["memory"], context.signal);
    const used = intField(info, "used_memory_dataset") ?? intField(info, "used_memory") ?? 0;
    const { stdout, stderr, code } = await shell.script(LOOK, [dir], {
      become: becomes(instance.host),
      signal: context.signal,
    });
    const [freeKb = Number.NaN, overcommit = 1, availableKb = 0] = stdout.trim().split("\n").map(Number);
    if (code !== 0 || Number.isNaN(freeKb)) throw unreadable(instance.id, dir, stderr.trim());
    const free = freeKb * 1024;
    if (free < used) throw noRoom(instance.id, dir, free, used);
    const tight = overcommit !== 1 && availableKb * 1024 < used;
    const warning = tight
      ? `${instance.host.name} has ${formatBytes(availableKb * 1024)} of memory left and vm.overcommit_memory=${overcommit}: the fork may be refused`
      : null;
    return { outputs: { free, used_memory: used, warning }, changed: false };
  },
});

function noRoom(instance: string, dir: string, free: number, used: number): RedishaError {
  return new RedishaError({
    code: "BACKUP_NO_ROOM",
    message: `${dir} of ${instance} has ${formatBytes(free)} free, and a snapshot may take ${formatBytes(used)}.`,
    host: instance,
    exit: EXIT.gateRefused,
    state: "nothing was saved",
    next: [`df -h ${dir}`, "redisha backup --method sync, which writes nothing on that host"],
  });
}

function unreadable(instance: string, dir: string, why: string): RedishaError {
  return new RedishaError({
    code: "BACKUP_HOST_FILES",
    message: `The free space of ${dir} on the host of ${instance} cannot be read${why ? `: ${why}` : ""}.`,
    host: instance,
    state: "nothing was saved",
    next: ["set `ssh: { become: sudo }`, or log in as a user who may read it"],
  });
}
