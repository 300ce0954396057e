import { type ErrorFacts, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { formatDuration } from "../../core/units.ts";
import { destination, endpoint, hostOf, onHost, onServer, type Route, redisCli } from "./endpoint.ts";

/** What a connection was doing when its time ran out. */
export type Phase = "tcp" | "tls" | "login";

function cannotConnect(route: Route, facts: Omit<ErrorFacts, "exit" | "host" | "state">): RedishaError {
  const state = "not connected; nothing was changed";
  return new RedishaError({ ...facts, exit: EXIT.cannotConnect, host: route.target.instance, state });
}

/** The time for connecting ran out. No TCP answer is another matter than a server that accepts and then says nothing. */
export function tooLate(route: Route, phase: Phase, afterMs: number): RedishaError {
  const within = `within ${formatDuration(afterMs)}`;
  if (phase === "tcp") return unreachable(route, `no answer ${within}`);
  return cannotConnect(route, {
    code: "REDIS_TIMEOUT",
    message:
      phase === "tls"
        ? `${destination(route)} accepted the connection but did not answer the TLS handshake ${within}.`
        : `${destination(route)} accepted the connection but answered nothing ${within}.`,
    next: [
      onServer(route, "top -b -n 1  # a stopped (T), stuck (D) or overloaded process"),
      redisCli(route, "--latency"),
    ],
  });
}

function unreachable(route: Route, why: string, cause?: unknown): RedishaError {
  return cannotConnect(route, {
    code: "REDIS_UNREACHABLE",
    message: `${destination(route)} cannot be reached: ${why}.`,
    next: [
      onHost(route, `nc -vz -w 3 ${route.target.address} ${route.target.port}`),
      `look for a firewall before ${hostOf(route.target.instance)}, or a host that is down`,
      ...(route.through ? [] : ["set redis: { via: ssh } in redisha.yaml, if only SSH is open from here"]),
    ],
    cause,
  });
}

function refused(route: Route, cause?: unknown): RedishaError {
  const { target } = route;
  return cannotConnect(route, {
    code: "REDIS_REFUSED",
    message: `${destination(route)} refuses connections: nothing listens there.`,
    next: [
      onServer(route, `ss -ltn "sport = :${target.port}"`),
      onServer(route, 'systemctl status "redis*" "valkey*"'),
    ],
    cause,
  });
}

function nameNotFound(route: Route, cause: unknown): RedishaError {
  const { address, instance } = route.target;
  return cannotConnect(route, {
    code: "REDIS_NAME_NOT_FOUND",
    message: `The name ${address} of ${instance} cannot be resolved${route.through ? ` on ${route.through.host}` : ""}.`,
    next: [onHost(route, `getent hosts ${address}`), "correct the address in redisha.yaml"],
    cause,
  });
}

const UNREACHABLE: Readonly<Record<string, string>> = {
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to its network",
  ETIMEDOUT: "no answer",
  EACCES: "this machine's own rules forbid it",
  EPERM: "this machine's own rules forbid it",
};

/** Why no byte stream to the server came about, from what the system (or the SSH connection) said. */
export function streamTrouble(route: Route, error: unknown): RedishaError {
  if (error instanceof RedishaError) return throughTrouble(route, error);
  const code = errorCode(error);
  if (code === "ECONNREFUSED") return refused(route, error);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return nameNotFound(route, error);
  const why = UNREACHABLE[code];
  if (why) return unreachable(route, why, error);
  return closedEarly(route, error);
}

/** What the host that was to connect says of the Redis port is told as from here; trouble of SSH itself is passed on. */
function throughTrouble(route: Route, error: RedishaError): RedishaError {
  switch (error.code) {
    case "FORWARD_TARGET_REFUSED":
      return refused(route, error);
    case "FORWARD_TARGET_TIMEOUT":
      return unreachable(route, "no answer", error);
    case "FORWARD_TARGET_UNREACHABLE":
      return unreachable(route, "no route to the host", error);
    case "FORWARD_TARGET_UNKNOWN":
      return nameNotFound(route, error);
    default:
      return error;
  }
}

/** The connection came about and ended before the server said a word. */
export function closedEarly(route: Route, cause?: unknown): RedishaError {
  return cannotConnect(route, {
    code: "REDIS_CLOSED",
    message: `${destination(route)} accepted the connection and closed it without an answer.`,
    next: [
      redisCli(route, "PING"),
      `look into the server's log on ${hostOf(route.target.instance)}: maxclients, protected mode, a shutdown under way`,
    ],
    cause,
  });
}

/** The port speaks TLS, and redisha.yaml says nothing of TLS. */
export function tlsExpected(route: Route, cause?: unknown): RedishaError {
  return cannotConnect(route, {
    code: "REDIS_TLS_EXPECTED",
    message: `${destination(route)} speaks TLS, but redisha.yaml asks for a connection without it.`,
    next: ["add tls: { mode: required, ca: <path of ca.crt> } to the deployment in redisha.yaml"],
    cause,
  });
}

/** The port speaks plain Redis, and redisha.yaml asks for TLS. */
export function tlsNotSpoken(route: Route, cause?: unknown): RedishaError {
  const { address, port, instance } = route.target;
  return cannotConnect(route, {
    code: "REDIS_TLS_NOT_SPOKEN",
    message: `${destination(route)} does not speak TLS, but redisha.yaml asks for it.`,
    next: [
      onHost(route, `redis-cli -h ${address} -p ${port} CONFIG GET tls-port`),
      `set the tls-port of ${instance} in redisha.yaml, or remove tls: from the deployment`,
    ],
    cause,
  });
}

/** What answers there does not speak Redis' protocol. `first` is the beginning of what it said. */
export function notRedis(route: Route, first: Buffer): RedishaError {
  const said = first
    .subarray(0, 40)
    .toString("latin1")
    .replace(/[^\x20-\x7e]+/g, "·")
    .trim();
  return cannotConnect(route, {
    code: "REDIS_NOT_REDIS",
    message: `What answers at ${destination(route)} is not Redis: it says "${said}".`,
    next: [
      onServer(route, `ss -ltnp "sport = :${route.target.port}"`),
      `correct the port of ${route.target.instance} in redisha.yaml`,
    ],
  });
}

/** The caller gave up. */
export function cancelled(route: Route, cause?: unknown): RedishaError {
  return new RedishaError({
    code: "REDIS_CANCELLED",
    message: `Cancelled while waiting for ${endpoint(route.target)}.`,
    exit: EXIT.interrupted,
    host: route.target.instance,
    state: "what was sent before may still take effect",
    cause,
  });
}

/** The connection ended under a command, or had ended before. */
export function connectionLost(route: Route, command: string, sent: boolean, cause?: unknown): RedishaError {
  return new RedishaError({
    code: "REDIS_CLOSED",
    message: sent
      ? `The connection to ${destination(route)} ended before it answered ${command}.`
      : `The connection to ${destination(route)} had ended before ${command} could be sent.`,
    exit: sent ? EXIT.outcomeUnknown : EXIT.cannotConnect,
    host: route.target.instance,
    state: sent ? `${command} was sent; whether it took effect is not known` : `${command} was not sent`,
    next: [redisCli(route, "INFO server  # uptime_in_seconds tells a restart"), "redisha status"],
    cause,
  });
}

/** The connection stands, but a command got no answer in its time. */
export function noAnswer(route: Route, command: string, afterMs: number): RedishaError {
  return new RedishaError({
    code: "REDIS_TIMEOUT",
    message: `${destination(route)} did not answer ${command} within ${formatDuration(afterMs)}.`,
    exit: EXIT.outcomeUnknown,
    host: route.target.instance,
    state: `${command} was sent; whether it took effect is not known`,
    next: [
      onServer(route, "top -b -n 1  # a stopped (T), stuck (D) or overloaded process"),
      redisCli(route, "SLOWLOG GET 10"),
    ],
  });
}

/** `ECONNREFUSED` and the like; empty where the error has none. */
export function errorCode(error: unknown): string {
  if (error === null || typeof error !== "object") return "";
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
