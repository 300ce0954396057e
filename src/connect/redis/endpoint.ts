import type { HostConnection, RedisTarget } from "../types.ts";

/** The one connection being made: where to, and over what. */
export interface Route {
  readonly target: RedisTarget;
  /** The host whose SSH connection carries it; undefined for a connection straight from here. */
  readonly through: HostConnection | undefined;
}

/** `10.0.1.10:6379`, `[::1]:6379`. */
export function endpoint({ address, port }: Pick<RedisTarget, "address" | "port">): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `10.0.1.10:6379`, with the host that the connection is made from where that is not this machine. */
export function destination({ target, through }: Route): string {
  return through ? `${endpoint(target)} (seen from ${through.host})` : endpoint(target);
}

/** A command line that asks the instance the same thing by hand; a password is asked for, never part of it. */
export function redisCli(route: Route, command: string): string {
  const { address, port, auth, tls } = route.target;
  const parts = [`redis-cli -h ${address} -p ${port}`];
  if (tls) parts.push("--tls", ...(tls.ca ? [`--cacert ${tls.ca}`] : []));
  if (auth?.username) parts.push(`--user ${auth.username}`);
  if (auth?.password) parts.push("--askpass");
  return onHost(route, [...parts, command].join(" "));
}

/** A command to type on the machine that the connection is made from. */
export function onHost({ through }: Pick<Route, "through">, command: string): string {
  return through && through.adapter !== "local" ? `ssh -t ${through.host} -- ${command}` : command;
}

/** A command to type on the machine that the server runs on. A loopback address says nothing: the host's name stands for it. */
export function onServer({ target, through }: Route, command: string): string {
  if (through?.adapter === "local") return command;
  const { address, instance } = target;
  return `ssh ${/^127\.|^::1$|^localhost$/.test(address) ? hostOf(instance) : address} -- ${command}`;
}

/** The host part of an instance's name: `r1` of `r1:6379`. */
export function hostOf(instance: string): string {
  return instance.replace(/:\d+$/, "");
}
