import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Figures } from "../../size/figures.ts";

interface WishFlags {
  readonly growth: number | undefined;
  readonly outage: number | undefined;
  readonly "server-bytes": number | undefined;
  readonly "server-ops": number | undefined;
  readonly network: number | undefined;
}

interface FigureFlags extends Pick<Figures, "type" | "elements" | "reads" | "writes" | "clients" | "replicas"> {
  readonly "key-size": number;
  readonly "value-size": number;
  readonly "field-size": number;
  /** Percent. */
  readonly expiring: number;
  readonly engine: string;
}

interface MeasureFlags extends Pick<FigureFlags, "value-size"> {
  readonly for: number | undefined;
  readonly benchmark: boolean;
  readonly target: string | undefined;
  readonly on: string | undefined;
  readonly "benchmark-for": number | undefined;
  readonly connections: number | undefined;
}

/** Flags as inputs of the runbook size; what is not given is left to the runbook's own default. */
export function inputsOfSize(flags: WishFlags): Record<string, string> {
  return textsOf({
    growth_percent: flags.growth,
    outage: flags.outage && `${flags.outage}ms`,
    server_bytes: flags["server-bytes"],
    server_ops: flags["server-ops"],
    network_bytes: flags.network,
  });
}

/** The same of what is measured; what is not given is the runbook's. */
export function inputsOfMeasuring(flags: MeasureFlags): Record<string, string> {
  return textsOf({
    for: flags.for && `${flags.for}ms`,
    benchmark: flags.benchmark || undefined,
    target: flags.target,
    on: flags.on,
    benchmark_for: flags["benchmark-for"] && `${flags["benchmark-for"]}ms`,
    connections: flags.connections,
    value_bytes: flags.benchmark ? flags["value-size"] : undefined,
  });
}

function textsOf(inputs: Readonly<Record<string, string | number | boolean | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

/** Fails with USAGE for an engine that is none. */
export function figuresOf(keys: number, flags: FigureFlags): Figures {
  const { type, elements, reads, writes, clients, replicas } = flags;
  const [, engine = "", version = ""] = /^(redis|valkey)-(\d+(?:\.\d+)*)$/.exec(flags.engine) ?? [];
  if (engine === "") {
    throw new RedishaError({
      code: "USAGE",
      message: `not an engine: ${flags.engine}`,
      exit: EXIT.usage,
      state: "nothing was touched",
      next: ["--engine redis-8.0", "--engine valkey-9.1"],
    });
  }
  return {
    ...{ keys, type, elements, reads, writes, clients, replicas, engine, version },
    keyBytes: flags["key-size"],
    valueBytes: flags["value-size"],
    fieldBytes: flags["field-size"],
    expiring: flags.expiring / 100,
  };
}
