import { z } from "zod";
import type { Deployment } from "../inventory/model.ts";
import type { Topology } from "../topology/schema.ts";

/**
 * What was read before any check is asked. Wire format of runbook steps, hence snake_case. What could not be read is null,
 * and `refused` says why.
 */

const fields = z.record(z.string(), z.string());
const count = z.int().min(0);

/** A user of a server. Passwords are kept as prints that only this process can make: enough to compare them. */
const userSchema = z.strictObject({
  name: z.string(),
  on: z.boolean(),
  nopass: z.boolean(),
  passwords: z.array(z.string()),
  commands: z.array(z.string()).describe("Rules for commands, in order"),
  keys: z.array(z.string()),
});
export type UserFacts = z.infer<typeof userSchema>;

const clientSchema = z.strictObject({
  address: z.string().describe("Without the port"),
  name: z.string(),
  user: z.string(),
  flags: z.string(),
  command: z.string(),
  library: z.string().describe("What it calls itself; empty before 7.2"),
});

export const serverFactsSchema = z.strictObject({
  kind: z.enum(["data", "sentinel"]),
  reached: z.boolean(),
  why: z.string().nullable().describe("Why it could not be reached"),
  info: fields.nullable(),
  config: fields.nullable().describe("CONFIG GET *, or SENTINEL CONFIG GET *, without credentials"),
  replication_login: z
    .strictObject({ user: z.string(), password: z.string().nullable().describe("A print of masterauth") })
    .nullable(),
  users: z.array(userSchema).nullable(),
  missing_commands: z.array(z.string()).nullable().describe("Of the dangerous ones, those that were renamed"),
  clients: z.array(clientSchema).nullable(),
  slow: z
    .array(z.strictObject({ at_s: count, microseconds: count, command: z.string() }))
    .nullable()
    .describe("SLOWLOG, newest first, without arguments"),
  largest: z
    .array(z.strictObject({ key: z.string(), type: z.string(), bytes: count }))
    .nullable()
    .describe("Largest keys of a sample"),
  sampled: count,
  refused: z.record(z.string(), z.string()).describe("By command, why it was not answered"),
});
export type ServerFacts = z.infer<typeof serverFactsSchema>;

export const processFactsSchema = z.strictObject({
  read: z.boolean(),
  why: z.string().nullable(),
  nofile: count.nullable().describe("Files that it may open"),
  swapped: count.nullable().describe("Bytes of it that are in swap"),
  disk: z
    .strictObject({ path: z.string(), size: count, free: count, data: count.describe("Bytes that its files take") })
    .nullable(),
  drift: z
    .array(z.strictObject({ name: z.string(), file: z.string().nullable(), memory: z.string().nullable() }))
    .nullable(),
  certificates: z.array(z.strictObject({ path: z.string(), subject: z.string(), not_after: z.string() })).nullable(),
});
export type ProcessFacts = z.infer<typeof processFactsSchema>;

export const hostFactsSchema = z.strictObject({
  read: z.boolean(),
  why: z.string().nullable(),
  memory: count.nullable(),
  swap: z.strictObject({ total: count, used: count }).nullable(),
  overcommit_memory: z.int().nullable(),
  swappiness: z.int().nullable(),
  somaxconn: z.int().nullable(),
  huge_pages: z.string().nullable().describe("always, madvise or never; empty where the kernel has none"),
  clock: z
    .strictObject({ synchronized: z.boolean(), ahead_ms: z.int(), give_or_take_ms: count.describe("Of ahead_ms") })
    .nullable(),
});
export type HostFacts = z.infer<typeof hostFactsSchema>;

export const wayFactsSchema = z.strictObject({
  firewall: z.strictObject({
    reached: z.array(z.string()),
    missing: z.array(z.string()),
    closed: z.array(z.string()),
    exposed: z.array(z.string()),
    unshown: z.array(z.string()),
  }),
  announced: z
    .array(
      z.strictObject({
        instance: z.string(),
        address: z.string(),
        from: z.string(),
        answer: z.enum(["open", "refused", "silent", "unknown"]),
        why: z.string(),
      }),
    )
    .describe("Each address that an instance of this host tells others to use, tried from the other hosts"),
});
export type WayFacts = z.infer<typeof wayFactsSchema>;

export const backupFactsSchema = z.strictObject({
  declared: z.boolean(),
  why: z.string().nullable().describe("Why the repository could not be read"),
  newest: z.strictObject({ id: z.string(), age_s: z.number() }).nullable(),
  verified: z.strictObject({ id: z.string(), age_s: z.number() }).nullable().describe("Newest one that was verified"),
  findings: z.array(z.strictObject({ code: z.string(), severity: z.enum(["error", "warning"]), message: z.string() })),
});

export const drillFactsSchema = z.strictObject({
  last_good: z.strictObject({ run: z.string(), mode: z.string(), age_s: z.number() }).nullable(),
});

export const monitoringFactsSchema = z.strictObject({
  declared: z.boolean(),
  why: z.string().nullable(),
  targets: z
    .array(z.strictObject({ labels: fields, up: z.boolean(), address: z.string(), error: z.string() }))
    .nullable(),
  alerts: z.array(z.strictObject({ name: z.string(), query: z.string(), health: z.string() })).nullable(),
});

/** Everything that checks look at. */
export interface Facts {
  readonly deployment: Deployment;
  readonly topology: Topology;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** By instance id; what is missing was not asked for. */
  readonly servers: Readonly<Record<string, ServerFacts>>;
  readonly processes: Readonly<Record<string, ProcessFacts>>;
  /** By name of the host. */
  readonly hosts: Readonly<Record<string, HostFacts>>;
  readonly ways: Readonly<Record<string, WayFacts>>;
  readonly backups: z.infer<typeof backupFactsSchema> | undefined;
  readonly drills: z.infer<typeof drillFactsSchema> | undefined;
  readonly monitoring: z.infer<typeof monitoringFactsSchema> | undefined;
}
