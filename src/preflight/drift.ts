import { directivesOf } from "../conf/conf-file.ts";
import { type EngineVersion, knownDirective } from "../conf/known-directives.ts";
import { liveDifferences } from "../init/differences.ts";
import { linesOf } from "../init/lines.ts";
import type { ProcessFacts } from "./facts.ts";

/** What a server sets for itself, or reads off its surroundings: it differs from what was recorded, and means nothing. */
const OWN = new Set([
  "bind",
  "cluster-config-file",
  "daemonize",
  "dir",
  "locale-collate",
  "logfile",
  "maxclients",
  "oom-score-adj-values",
  "pidfile",
  "port",
  "protected-mode",
  "replica-announced",
  "replicaof",
  "slaveof",
  "save",
  "unixsocket",
]);

/** Directives that hold credentials: that they differ is told by liveDifferences, which masks them. */
const SECRET = /auth|pass(?!ive)|^user$/i;

/**
 * Where a server goes by other values than its file says: what was set in memory is gone at the next start. A directive
 * that the file does not name is held against its default. Values of credentials are masked. Pure.
 */
export function driftOf(
  text: string,
  memory: Readonly<Record<string, string>>,
  engine: EngineVersion,
): NonNullable<ProcessFacts["drift"]> {
  const lines = linesOf(text);
  const named = new Set(directivesOf(lines).map(({ name }) => name.replace(/^slave-/, "replica-")));
  const differing = liveDifferences(lines, memory).map(({ name, was, will }) => ({ name, file: will, memory: was }));
  const forgotten = Object.entries(memory).flatMap(([name, value]) => {
    const usual = knownDirective(name, engine)?.default;
    if (named.has(name) || OWN.has(name) || SECRET.test(name) || /slave/.test(name)) return [];
    if (usual === undefined || usual === null || usual === value) return [];
    return [{ name, file: null, memory: value }];
  });
  return [...differing.filter(({ name }) => !OWN.has(name) || name === "maxclients"), ...forgotten];
}
