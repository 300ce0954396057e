import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Figures } from "../../size/figures.ts";
import type { Wishes } from "../../size/sizing.ts";

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

const MIB = 1024 ** 2;

/** Flags as inputs of the runbook size; what is not given is left to the runbook's own default. */
export function inputsOfSize(flags: WishFlags & { readonly for: number | undefined }): Record<string, string> {
  const { growth, outage, network, for: ms } = flags;
  const inputs = {
    growth_percent: growth,
    outage: outage && `${outage}ms`,
    server_bytes: flags["server-bytes"],
    server_ops: flags["server-ops"],
    network_bytes: network,
    for: ms && `${ms}ms`,
  };
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

/** The same for figures, which no runbook is needed for. */
export function wishesOf(flags: WishFlags): Wishes {
  return {
    growth: (flags.growth ?? 100) / 100,
    outageMs: flags.outage ?? 600_000,
    serverBytes: flags["server-bytes"] ?? 25 * 1024 * MIB,
    serverOps: flags["server-ops"] ?? 50_000,
    networkBytes: flags.network ?? 100 * MIB,
  };
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
