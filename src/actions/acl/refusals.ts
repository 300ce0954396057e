import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { ChangingLogin } from "../../credentials/changing.ts";

/** Why passwords of an instance are not changed. Nothing was touched. */
function refusal(code: string, host: string, message: string, next: readonly string[]): RedishaError {
  return new RedishaError({ code, message, host, exit: EXIT.gateRefused, state: "nothing was changed", next });
}

export function userUnfit(host: string, { user, place }: ChangingLogin, why: string): RedishaError {
  return refusal("ROTATE_USER_UNFIT", host, `The user ${user} of ${host} has no password to be changed: ${why}.`, [
    `take previous_password out of ${place} in redisha.yaml, or mend the user on ${host}`,
  ]);
}

export function passwordUnknown(host: string, { user, place }: ChangingLogin): RedishaError {
  return refusal(
    "ROTATE_PASSWORD_UNKNOWN",
    host,
    `${host} takes neither the new nor the previous password of ${user}.`,
    [`let ${place}.previous_password in redisha.yaml give the password that ${host} takes now`],
  );
}

export function masterauthUnknown(host: string, { user, place }: ChangingLogin): RedishaError {
  return refusal(
    "ROTATE_PASSWORD_UNKNOWN",
    host,
    `${host} replicates as ${user}, and its masterauth is neither the new nor the previous password.`,
    [`correct masterauth on ${host}, or ${place} in redisha.yaml: as it is, ${host} could not follow anybody`],
  );
}

export function sentinelsAsOther(host: string, user: string): RedishaError {
  return refusal(
    "ROTATE_SENTINEL_LOGIN",
    host,
    `Sentinels log in to ${host} as ${user}, whose password is to be changed, and redisha.yaml does not say so: they would be locked out.`,
    [`users: { sentinel: { username: ${user}, password: …, previous_password: … } } in redisha.yaml`],
  );
}

export function notKept(host: string): RedishaError {
  return refusal(
    "ROTATE_NOT_KEPT",
    host,
    `${host} was started without a configuration file and without an ACL file: a restart would bring the old password back.`,
    ["start it with a file, or change its password where its command line comes from"],
  );
}

export function sentinelTooOld(host: string, version: string): RedishaError {
  return refusal(
    "ROTATE_SENTINEL_TOO_OLD",
    host,
    `The password of the Sentinel ${host} cannot be changed while it runs: ${version} has none but requirepass in its file.`,
    [
      "leave it as it is: auth.sentinel in redisha.yaml with a password of its own, and no previous_password",
      "upgrade Sentinels to 6.2 or later first",
      "or redisha init --only sentinel, which restarts one after the other; each refuses the old password from then on",
    ],
  );
}
