import type { DataNode, SentinelNode } from "./schema.ts";

/** Secrets, keys, host keys, jump hosts, certificates and logins: what is refused or missing before anybody was asked. */
const OWN_REASON =
  /^(SECRET_|SSH_(AUTH|HOST_KEY|KEY|PASSPHRASE|CONFIG|JUMP|PROGRAM)_|SSH_(NO_COMMON_ALGORITHM|NAME_NOT_FOUND|CHANNEL_LIMIT|FORWARD_REFUSED)$|REDIS_(TLS_|WRONGPASS$|NOAUTH$|NOPERM$|AUTH_NOT_SET$|NAME_NOT_FOUND$)|HOST_HAS_NO_SSH$)/;

/** It gave no answer for a reason on our side, or at its door: that says nothing of whether it is alive. */
export function lockedOut({ reach }: DataNode | SentinelNode): boolean {
  return !reach.ok && OWN_REASON.test(reach.code ?? "");
}

const REFUSED_LOGIN = ["REDIS_WRONGPASS", "REDIS_NOAUTH", "REDIS_NOPERM", "REDIS_AUTH_NOT_SET", "REDIS_DENIED"];

/** The server itself answered, and did not let us in: so it runs. */
export function refusesLogin({ reach }: DataNode | SentinelNode): boolean {
  return !reach.ok && REFUSED_LOGIN.includes(reach.code ?? "");
}
