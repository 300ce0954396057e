import { boolean, integer, option, string } from "@oclif/core/flags";
import { bytesFlag } from "../backup/flags.ts";
import { durationFlag } from "../flags.ts";
import { approvalFlags } from "../running-command.ts";

const FIGURES = "FIGURES, instead of a deployment";

/** What is to be borne, and by what. */
export const wishFlags = {
  growth: integer({
    min: 1,
    helpValue: "PERCENT",
    summary: "Percent of that load that is to be borne (default: 150, of figures 100)",
  }),
  outage: durationFlag({ summary: "How long a replica may be away without a full resync (default: 10m)" }),
  "server-bytes": bytesFlag({ summary: "The most data that one server is to hold (default: 25gb)" }),
  "server-ops": integer({ min: 1, summary: "The most commands a second of one server (default: 50000)" }),
  network: bytesFlag({ summary: "What the network carries in a second (default: 100mb, as 1 Gbit/s does)" }),
};

const BENCHMARK = "BENCHMARK";
const needs = { helpGroup: BENCHMARK, dependsOn: ["benchmark"] };

/** How many commands a second a server bears. */
export const benchmarkFlags = {
  benchmark: boolean({
    exclusive: ["keys"],
    summary: "Have redis-benchmark say what a server bears, on the host of a replica, with a server made for it",
    helpGroup: BENCHMARK,
  }),
  on: string({ ...needs, helpValue: "HOST", summary: "Make that server on this host", exclusive: ["target"] }),
  target: string({
    ...needs,
    helpValue: "INSTANCE",
    summary: "Measure this live primary instead, which clients feel: asks for the deployment's name",
  }),
  "benchmark-for": durationFlag({ ...needs, summary: "How long to measure (default: 20s)", least: 1_000 }),
  connections: integer({ ...needs, min: 1, max: 10_000, summary: "Connections that it opens (default: 50)" }),
  "dry-run": boolean({ ...needs, char: "n", summary: "Print the plan, and measure nothing with it" }),
  confirm: approvalFlags.confirm,
};

/** A load that nobody has yet. */
export const figureFlags = {
  keys: integer({ min: 1, summary: "How many keys there will be", helpGroup: FIGURES }),
  type: option({
    options: ["string", "hash", "list", "set", "zset"] as const,
    default: "string",
    summary: "What they are",
    helpGroup: FIGURES,
  })(),
  "key-size": integer({ min: 1, default: 30, summary: "Bytes of a key's name", helpGroup: FIGURES }),
  "value-size": integer({
    min: 0,
    default: 100,
    summary: "Bytes of a value, or of one element; of --benchmark too",
    helpGroup: FIGURES,
  }),
  elements: integer({ min: 1, default: 10, summary: "Elements of a hash, list, set or zset", helpGroup: FIGURES }),
  "field-size": integer({ min: 1, default: 10, summary: "Bytes of the name of a hash's field", helpGroup: FIGURES }),
  expiring: integer({ min: 0, max: 100, default: 0, summary: "Percent of keys that expire", helpGroup: FIGURES }),
  reads: integer({ min: 0, default: 0, summary: "Reads of a value, a second", helpGroup: FIGURES }),
  writes: integer({ min: 0, default: 0, summary: "Writes of a value, a second", helpGroup: FIGURES }),
  clients: integer({ min: 0, default: 100, summary: "Connections", helpGroup: FIGURES }),
  replicas: integer({ min: 0, default: 2, summary: "Replicas of each primary", helpGroup: FIGURES }),
  engine: string({
    default: "redis-8.0",
    helpValue: "NAME-VERSION",
    summary: "redis-7.0, valkey-9.1, …: each keeps keys in its own way",
    helpGroup: FIGURES,
  }),
};
