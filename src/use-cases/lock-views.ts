import { z } from "zod";

const hostLockSchema = z.strictObject({
  host: z.string(),
  address: z.string(),
  state: z
    .enum(["free", "live", "stale", "unreachable", "not_protected"])
    .describe("stale: the lease has run out, the next run takes it over; not_protected: the host has no SSH"),
  directory: z.string().nullable(),
  run: z.string().nullable(),
  user: z.string().nullable(),
  controller: z.string().nullable().describe("The machine that the run was started on"),
  since: z.string().nullable().describe("By the host's own clock"),
  lease_left_ms: z.int().nullable(),
  error: z.string().nullable(),
});

const localLockSchema = z.strictObject({
  host: z.string().describe("The host that is locked, not the machine that this is about"),
  path: z.string(),
  state: z.enum(["live", "stale"]).describe("stale: its process is dead"),
  run: z.string().nullable(),
  user: z.string().nullable(),
  controller: z.string().nullable(),
  pid: z.int().nullable(),
  since: z.string().nullable(),
});

const removalSchema = z.strictObject({
  host: z.string().describe("A host, or `this machine`"),
  outcome: z.enum(["removed", "none", "live", "failed"]),
  path: z.string().nullable(),
  error: z.string().nullable(),
});

/** `result` of `redisha unlock --json`; with `--run` the locks are those that are left. */
export const unlockResultSchema = z.strictObject({
  deployment: z.string(),
  run: z.string().nullable().describe("Whose locks were to be removed; null where they were only shown"),
  removals: z.array(removalSchema),
  hosts: z.array(hostLockSchema),
  local: z.array(localLockSchema).describe("Lock files of the machine that this ran on"),
});

export type HostLock = z.infer<typeof hostLockSchema>;
export type LocalLock = z.infer<typeof localLockSchema>;
export type Removal = z.infer<typeof removalSchema>;
export type UnlockResult = z.infer<typeof unlockResultSchema>;
