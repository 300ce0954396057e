import { z } from "zod";
import { parseBytes } from "../../../core/units.ts";
import type { Deployment } from "../../../inventory/model.ts";
import { unrenderable } from "../kind.ts";
import { sizedBy } from "../sized.ts";

/** A setting that goes into a script as a word of its own; one without a default must be given. */
export function text<F extends string | undefined>(fallback: F, what: string) {
  const word = z.string().regex(/^[A-Za-z0-9._:/,@-]+$/, "expected letters, digits and . _ : / , @ -");
  return (fallback === undefined ? word : word.default(fallback)).describe(what);
}

export const cloudOptions = {
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,38}[a-z0-9]$/, "expected a name of letters, digits and -")
    .optional()
    .describe("What it is called there. Left out: the name of the deployment."),
  maxmemory: z
    .string()
    .refine((given) => (parseBytes(given) ?? 0) > 0, "expected a size such as 6gb")
    .transform((given) => parseBytes(given) ?? 0)
    .optional()
    .describe("Data of each shard. Left out: as redis.config declares it."),
};

interface CloudFacts {
  readonly name: string;
  readonly id: string;
  readonly maxmemory: number;
  readonly cluster: boolean;
  readonly shards: number;
  /** Of each shard. */
  readonly replicas: number;
  /** One word for a shell, whatever is in it. */
  readonly sh: (word: string) => string;
}

/** What scripts of all clouds have in common. Fails with RENDER_UNDECLARED where no maxmemory is known. */
export function cloudFacts(
  deployment: Deployment,
  options: { readonly id?: string | undefined; readonly maxmemory?: number | undefined },
): CloudFacts {
  const servers = deployment.instances.filter(({ kind }) => kind === "data").length;
  const perPrimary = deployment.cluster?.replicasPerPrimary ?? servers - 1;
  return {
    ...{ name: deployment.name, id: options.id ?? deployment.name, cluster: deployment.kind === "cluster" },
    maxmemory: sizedBy(deployment, options.maxmemory).maxmemory,
    shards: Math.max(1, Math.floor(servers / (1 + perPrimary))),
    replicas: perPrimary,
    sh: (word) => (/^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`),
  };
}

/** The smallest that has so many bytes; fails with RENDER_UNDECLARED where none has. Sizes are GiB, smallest first. */
export function smallest(sizes: readonly (readonly [string, number])[], bytes: number, what: string): string {
  const found = sizes.find(([, gib]) => gib * 1024 ** 3 >= bytes);
  if (found) return found[0];
  const [, most = 0] = sizes.at(-1) ?? [];
  throw unrenderable(`No size of ${what} has ${Math.ceil(bytes / 1024 ** 3)} GiB; the largest has ${most}.`, [
    "declare a cluster of more shards: redisha size says how many",
    "--set maxmemory=… with less",
  ]);
}
