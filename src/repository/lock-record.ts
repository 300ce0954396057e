import { z } from "zod";

export const lockRecordSchema = z.object({
  id: z.string(),
  kind: z.enum(["shared", "exclusive"]),
  purpose: z.string().describe("backup, prune, verify, restore, follow."),
  host: z.string(),
  pid: z.int(),
  space: z.string().optional().describe("Boot and container in which the pid means something."),
  user: z.string(),
  acquired: z.iso.datetime(),
  ttl_ms: z.int().min(1),
  backup_id: z.string().optional().describe("The backup that is being made under this lock."),
  run_id: z.string().optional(),
});

/** Who holds a lock. It is alive for `ttl_ms` after it was last written, by the clock of the store. */
export type LockRecord = z.infer<typeof lockRecordSchema>;
