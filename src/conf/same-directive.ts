/** Names that one server calls so and another otherwise; a server that rewrites its file uses its own. */
const ALIASES: Readonly<Record<string, string>> = {
  slaveof: "replicaof",
  primaryauth: "masterauth",
  primaryuser: "masteruser",
  "commandlog-execution-slower-than": "slowlog-log-slower-than",
  "commandlog-slow-execution-max-len": "slowlog-max-len",
};

/** The one name of a directive that has several. */
export function oneName(written: string): string {
  return ALIASES[written] ?? written.replace(/^slave-/, "replica-").replace("-max-ziplist-", "-max-listpack-");
}
