import { z } from "zod";
import type { Deployment } from "../inventory/model.ts";
import type { HostFacts, ProcessFacts, ServerFacts } from "../preflight/facts.ts";
import type { Topology, Verdict } from "../topology/schema.ts";

/**
 * What was read before any cause is looked for, beside what preflight reads. Wire format of runbook steps, hence snake_case.
 * What could not be read is null, and `why` says the reason.
 */

const count = z.int().min(0);
const time = z.string().nullable().describe("RFC 3339; null where the line tells none");

const lineSchema = z.strictObject({
  text: z.string().describe("As the server wrote it, without its pid and time"),
  times: count.describe("How often it stands there, numbers left aside"),
  first_at: time,
  last_at: time,
});
export type LogLine = z.infer<typeof lineSchema>;

export const logFactsSchema = z.strictObject({
  read: z.boolean(),
  why: z.string().nullable().describe("Why it could not be read"),
  source: z.string().nullable().describe("A file, or the unit whose journal it is"),
  lines: z.array(lineSchema).describe("Oldest first, the same line once"),
});
export type LogFacts = z.infer<typeof logFactsSchema>;

/** What a server keeps of refusals and delays by itself. */
export const troubleFactsSchema = z.strictObject({
  read: z.boolean(),
  why: z.string().nullable(),
  refusals: z
    .array(
      z.strictObject({
        reason: z.string().describe("auth, command, key or channel"),
        object: z.string().describe("What was refused: AUTH, a command, a channel"),
        user: z.string(),
        address: z.string().describe("Of the client, without its port"),
        times: count,
        age_s: z.number(),
      }),
    )
    .nullable()
    .describe("ACL LOG, newest first"),
  delays: z
    .array(z.strictObject({ event: z.string(), at_s: count, last_ms: count, max_ms: count }))
    .nullable()
    .describe("LATENCY LATEST"),
});
export type TroubleFacts = z.infer<typeof troubleFactsSchema>;

export const kernelFactsSchema = z.strictObject({
  read: z.boolean(),
  why: z.string().nullable(),
  kills: z.array(z.strictObject({ at: time, text: z.string() })).describe("What the kernel ended for want of memory"),
  ended: z
    .array(z.strictObject({ at: time, text: z.string() }))
    .describe("Units of servers of which systemd saw a process end by SIGKILL, or by the kernel's want of memory"),
  clock: z.array(z.strictObject({ at: time, text: z.string() })).describe("Jumps of the clock"),
});
export type KernelFacts = z.infer<typeof kernelFactsSchema>;

export const reachFactsSchema = z.strictObject({
  read: z.boolean(),
  why: z.string().nullable(),
  tried: z.array(
    z.strictObject({
      instance: z.string(),
      port: z.int(),
      bus: z.boolean().describe("The port of the cluster bus"),
      answer: z.enum(["open", "refused", "silent", "unknown"]),
      why: z.string(),
    }),
  ),
});
export type ReachFacts = z.infer<typeof reachFactsSchema>;

/** From when on something is worth telling. */
export interface Limits {
  /** Milliseconds of one command. */
  readonly slowMs: number;
  /** Share of maxmemory, 0 to 1. */
  readonly memory: number;
  /** Milliseconds between the clock of a host and ours. */
  readonly clockMs: number;
  /** Milliseconds until a Sentinel holds a primary to be down. */
  readonly downAfterMs: number;
}

/** Everything that causes are looked for in. Keys of records are ids of instances, or names of hosts. */
export interface Facts {
  readonly deployment: Deployment;
  readonly topology: Topology;
  readonly verdict: Verdict;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** How far back logs were read, in milliseconds. */
  readonly withinMs: number;
  readonly limits: Limits;
  readonly servers: Readonly<Record<string, ServerFacts>>;
  readonly troubles: Readonly<Record<string, TroubleFacts>>;
  readonly processes: Readonly<Record<string, ProcessFacts>>;
  readonly logs: Readonly<Record<string, LogFacts>>;
  readonly hosts: Readonly<Record<string, HostFacts>>;
  readonly kernels: Readonly<Record<string, KernelFacts>>;
  /** By the host that it was tried from. */
  readonly reaches: Readonly<Record<string, ReachFacts>>;
}
