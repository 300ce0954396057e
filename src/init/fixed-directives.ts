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

/** Whether it takes a restart to change it. */
export function needsRestart(name: string): boolean {
  return FIXED.has(name);
}
