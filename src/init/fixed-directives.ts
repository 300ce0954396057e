/**
 * Directives that a running server refuses to change (`can't set immutable config`, `protected config`), of those that
 * redisha renders or that are common. An integration test holds it against servers. What else one refuses is told
 * when it does.
 */
const FIXED: ReadonlySet<string> = new Set([
  ...["aclfile", "always-show-logo", "appenddirname", "appendfilename", "cluster-config-file", "cluster-enabled"],
  ...["cluster-port", "daemonize", "databases", "dbfilename", "dir", "disable-thp", "enable-debug-command"],
  ...["enable-module-command", "enable-protected-configs", "io-threads", "io-threads-do-reads", "logfile", "pidfile"],
  ...["rdbchecksum", "set-proc-title", "socket-mark-id", "supervised", "syslog-enabled", "syslog-facility"],
  ...["syslog-ident", "tcp-backlog", "unixsocket", "unixsocketperm"],
]);

/** Redis 6.0 opens its ports once. */
const FIXED_IN_6_0: ReadonlySet<string> = new Set(["port", "tls-port", "bind"]);

/** Whether it takes a restart to change it. */
export function needsRestart(name: string, version: string): boolean {
  return FIXED.has(name) || (version.startsWith("6.0.") && FIXED_IN_6_0.has(name));
}
