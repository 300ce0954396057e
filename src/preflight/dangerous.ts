/** Commands by which an application that went wrong, or somebody inside of it, ends the service. */
export interface DangerousCommand {
  readonly name: string;
  /** Categories of rules that it falls into, beside `all`. */
  readonly categories: readonly string[];
}

/** As ACL CAT tells them; the same from 6.0 on. */
export const DANGEROUS: readonly DangerousCommand[] = [
  { name: "flushall", categories: ["keyspace", "write", "slow", "dangerous"] },
  { name: "flushdb", categories: ["keyspace", "write", "slow", "dangerous"] },
  { name: "keys", categories: ["keyspace", "read", "slow", "dangerous"] },
  { name: "config", categories: ["admin", "slow", "dangerous"] },
  { name: "debug", categories: ["admin", "slow", "dangerous"] },
  { name: "shutdown", categories: ["admin", "slow", "dangerous"] },
  { name: "replicaof", categories: ["admin", "slow", "dangerous"] },
];

/** Which of them the rules of a user let through: rules are gone through in order, the last one that fits counts. */
export function allowedDangers(rules: readonly string[]): string[] {
  return DANGEROUS.filter(({ name, categories }) => {
    let allowed = false;
    for (const rule of rules) {
      const word = rule.slice(1).toLowerCase();
      const category = word === "@all" || categories.some((each) => word === `@${each}`);
      // `+config|get` lets through a part that reads; `-config` takes all of it.
      if (category || word === name) allowed = rule.startsWith("+");
    }
    return allowed;
  }).map(({ name }) => name);
}
