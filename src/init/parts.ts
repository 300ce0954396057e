import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

/** What `--only` takes, in the order in which init goes through them. */
export const PARTS = ["packages", "os", "firewall", "tls", "redis", "sentinel", "monitoring"] as const;

/** Fails with INIT_PART (exit 2) where one is named that there is not. */
export function refuseUnknownParts(only: string | undefined): void {
  const known: readonly string[] = PARTS;
  const unknown = only?.split(",").filter((part) => !known.includes(part)) ?? [];
  if (unknown.length === 0) return;
  throw new RedishaError({
    code: "INIT_PART",
    message: `There is no part ${unknown.map((part) => `"${part}"`).join(", ")} of a set-up; there are ${PARTS.join(", ")}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["redisha init --only os,firewall"],
  });
}
