import { type Directive, parseConf } from "../conf/conf-file.ts";
import { isDirective, knownDirective } from "../conf/known-directives.ts";
import { compareVersions } from "../runbook/versions.ts";
import { majorOf, type Release } from "./release.ts";

/** What has to be done to a file that a newer release wrote, for an older one to start with it. */
interface OlderFile {
  /** Commands of sed, by line: nothing that a file says goes through them. */
  readonly edits: readonly string[];
  /** Directives that the older release does not know: their lines go. */
  readonly dropped: readonly string[];
  /** What cannot be said to the older release, each in a clause. */
  readonly impossible: readonly string[];
}

/** Under other names in newer releases: part of the new name, part of the old one. */
const RENAMED = [
  ["listpack", "ziplist"],
  ["primary", "master"],
  ["commandlog-execution-slower-than", "slowlog-log-slower-than"],
  ["commandlog-slow-execution-max-len", "slowlog-max-len"],
] as const;

/** Rules of users that came with 6.2 and 7.0 and only say what is so anyway in 6.0: everybody may use all channels there. */
const LATER_RULES = ["&[^ ]*", "resetchannels", "allchannels", "skip-sanitize-payload", "sanitize-payload"];

/** Selectors and permissions to only read or only write keys: without them a user could do more, or nothing. */
const LATER_RIGHTS = /^(\(|%[RW]{1,2}~)/;

/** Of Sentinel's own directive, the second words that came later, with the release that brought them. */
const LATER_OF_SENTINEL: Readonly<Record<string, string>> = {
  "resolve-hostnames": "6.2",
  "announce-hostnames": "6.2",
  "sentinel-user": "6.2",
  "sentinel-pass": "6.2",
  "master-reboot-down-after-period": "7.0",
};

/** redis.conf, sentinel.conf or users.acl as a newer release wrote it, for an older one. */
export function olderFile(text: string, to: Release): OlderFile {
  const edits: string[] = [];
  const dropped: string[] = [];
  const impossible: string[] = [];
  for (const [at, line] of parseConf(text).entries()) {
    if (!("name" in line)) continue;
    const known = asKnown(line, to);
    if (known === undefined) {
      edits.push(`${at + 1}d`);
      dropped.push(shownOf(line));
    } else if (known !== line.name) {
      edits.push(`${at + 1}s/^\\([[:space:]]*\\)[^[:space:]]*/\\1${known}/`);
    }
    if (line.name !== "user" || majorOf(to) >= 7) continue;
    const [name = ""] = line.values;
    if (line.values.some((rule) => LATER_RIGHTS.test(rule))) {
      impossible.push(`user ${name} has a selector, or keys to only read or only write`);
    }
    edits.push(...LATER_RULES.map((rule) => `${at + 1}s/ ${rule}//g`));
  }
  return { edits, dropped: [...new Set(dropped)], impossible };
}

/** The name by which the release knows a directive; undefined where it would refuse the file for it. */
function asKnown({ name, values }: Directive, { engine, version }: Release): string | undefined {
  const since = name === "sentinel" ? LATER_OF_SENTINEL[values[0]?.toLowerCase() ?? ""] : undefined;
  if (since !== undefined && engine === "redis" && compareVersions(version, since) < 0) return undefined;
  const known = (each: string) => knownDirective(each, { name: engine, version }) !== undefined;
  // What is in no record is Sentinel's, or a module's: not for us to take away.
  if (!isDirective(name) || known(name)) return name;
  const older = RENAMED.map(([now, then]) => name.replace(now, then));
  return older.find((each) => each !== name && known(each));
}

function shownOf({ name, values }: Directive): string {
  return name === "sentinel" ? `sentinel ${values[0] ?? ""}` : name;
}

/**
 * What makes a Cluster's file of nodes one that the release reads: an address has had the host's name behind a comma since 7.0, and
 * since 7.2 more words (`shard-id=…`), which 7.0 would take for part of the name.
 */
export function olderNodes({ engine, version }: Release): string[] {
  if (engine !== "redis" || compareVersions(version, "7.2") >= 0) return [];
  const address = "^\\([0-9a-f]\\{40\\} [^ ,]*";
  if (compareVersions(version, "7.0") < 0) return [`s/${address}\\),[^ ]*/\\1/`];
  return [`s/${address},[^ ,]*\\),[^ ]*/\\1/`, `s/${address}\\), /\\1 /`];
}
