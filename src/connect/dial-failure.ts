import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

/**
 * A TCP connection from a host to an address could not be made. The words are those of the host's own system, whether
 * they come from Node (`ECONNREFUSED`), sshd's refusal of a channel or ssh's standard error ("Connection refused").
 */
export function dialFailure(host: string, address: string, port: number, cause: unknown): RedishaError {
  const text = messageOf(cause);
  const [code, why] = kindOf(text);
  return new RedishaError({
    code,
    message: `${host} cannot connect to ${address}:${port}: ${why ?? text}.`,
    host,
    exit: EXIT.cannotConnect,
    next:
      code === "FORWARD_TARGET_REFUSED"
        ? [`check on ${host} that a server listens there: ss -ltn 'sport = :${port}'`]
        : [`check on ${host} routes and firewall to ${address}`],
    cause,
  });
}

function kindOf(text: string): [code: string, why?: string] {
  if (/abort/i.test(text)) return ["EXEC_CANCELLED", "it was cancelled"];
  if (/refused/i.test(text)) return ["FORWARD_TARGET_REFUSED", "the connection was refused, nothing listens there"];
  if (/timed ?out/i.test(text)) return ["FORWARD_TARGET_TIMEOUT", "there was no answer"];
  if (/no route|unreach/i.test(text)) return ["FORWARD_TARGET_UNREACHABLE", "there is no route to it"];
  if (/not known|ENOTFOUND|resolve|EAI_AGAIN/i.test(text))
    return ["FORWARD_TARGET_UNKNOWN", "the name is not known there"];
  return ["FORWARD_TARGET_FAILED"];
}
