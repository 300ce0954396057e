import { redisCliByHand, typedOver } from "../by-hand.ts";
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
  return onHost(route, `${redisCliByHand(route.target)} ${command}`);
}

/** A command to type on the machine that the connection is made from. */
export function onHost({ target, through }: Route, command: string): string {
  return through ? onServer({ target, through }, command) : command;
}

/** A command to type on the machine that the server runs on; that is named where nobody knows the way to it. */
export function onServer({ target, through }: Route, command: string): string {
  if (through?.adapter === "local") return command;
  return target.shell === undefined ? `on ${hostOf(target.instance)}: ${command}` : typedOver(target.shell, command);
}

/** The host part of an instance's name: `r1` of `r1:6379`. */
export function hostOf(instance: string): string {
  return instance.replace(/:\d+$/, "");
}
