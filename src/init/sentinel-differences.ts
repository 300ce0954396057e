import { type ConfLine, directivesOf } from "../conf/conf-file.ts";
import type { Deployment } from "../inventory/model.ts";
import type { Difference } from "./differences.ts";

type SentinelSettings = NonNullable<Deployment["sentinel"]>;

/** What a running Sentinel changes by SENTINEL SET, and then writes into its file by itself. */
const SETTABLE = ["quorum", "down-after-milliseconds", "failover-timeout", "parallel-syncs"] as const;

/**
 * What is to be set in a running Sentinel: where its memory is not as declared, or its file is not. `master` is what
 * SENTINEL MASTER tells; `file` is where its file differs.
 */
export function sentinelLive(
  settings: SentinelSettings,
  master: Readonly<Record<string, string>>,
  file: readonly Difference[],
): Difference[] {
  const wanted = {
    quorum: settings.quorum,
    "down-after-milliseconds": settings.downAfterMs,
    "failover-timeout": settings.failoverTimeoutMs,
    "parallel-syncs": settings.parallelSyncs,
  };
  return SETTABLE.flatMap((name) => {
    const was = master[name] ?? null;
    const will = String(wanted[name]);
    const written = file.some((each) => settableBy(each) === name);
    return was === will && !written ? [] : [{ name, was, will }];
  });
}

/** Whether a difference of its file goes by SENTINEL SET alone. */
export function settableBy({ name, was, will }: Difference): (typeof SETTABLE)[number] | undefined {
  const [, verb = ""] = name.split(" ");
  if (verb !== "monitor") return SETTABLE.find((each) => each === verb);
  const target = (value: string | null) => value?.split(" ").slice(0, 2).join(" ");
  return was !== null && target(was) === target(will) ? "quorum" : undefined;
}

/** A Sentinel or replica in the file of a Sentinel that redisha.yaml does not list: it would be counted, and waited for. */
export function isStalePeer(
  { values }: { readonly values: readonly string[] },
  addresses: ReadonlySet<string>,
): boolean {
  const [verb = "", , host = "", port = ""] = values;
  return /^known-(sentinel|replica|slave)$/.test(verb) && !addresses.has(`${host}:${port}`);
}

/** Those of a file, as differences. */
export function stalePeers(found: readonly ConfLine[], addresses: ReadonlySet<string>): Difference[] {
  return directivesOf(found)
    .filter((line) => line.name === "sentinel" && isStalePeer(line, addresses))
    .map(({ values: [verb, , host, port] }) => ({
      name: `sentinel ${verb} ${host}:${port}`,
      was: "known",
      will: null,
    }));
}
