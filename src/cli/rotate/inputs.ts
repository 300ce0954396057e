import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { changingLogins } from "../../credentials/changing.ts";
import type { Deployment } from "../../inventory/model.ts";

/** What can be changed, and the runbook that does it. */
export const ROTATIONS = { passwords: "rotate", certificates: "rotate-certificates" } as const;

interface RotateFlags {
  readonly grace: string | undefined;
  readonly now: boolean;
  readonly watch: string | undefined;
}

/** Flags as inputs of the runbook. Without a flag the run pauses while both passwords are taken. */
export function inputsOfRotate({ grace, now, watch }: RotateFlags): Record<string, string> {
  const old = now ? "now" : grace === undefined ? "pause" : "grace";
  return { old, ...(grace === undefined ? {} : { grace }), ...(watch === undefined ? {} : { watch }) };
}

/** Flags as inputs of the runbook of certificates. */
export function inputsOfCertificates({
  grace,
  now,
  ...flags
}: Omit<RotateFlags, "watch"> & { readonly "new-authority": boolean | undefined }): Record<string, string> {
  const old = now ? "now" : grace === undefined ? "pause" : "grace";
  return { new_authority: String(flags["new-authority"] ?? false), old, ...(grace === undefined ? {} : { grace }) };
}

/** What clients will see of it, for the question beforehand. */
export function meaningOf({
  only,
  now,
  grace,
}: Pick<RotateFlags, "now" | "grace"> & { readonly only: string }): string {
  if (only === "certificates") return "No client of a server is cut; Sentinels are restarted, one after the other.";
  if (now) return "Nobody who is connected is cut; who comes with an old password is refused from then on.";
  return grace === undefined
    ? "Nobody is refused: it pauses before old passwords are taken away."
    : `Nobody is refused for ${grace}; then who comes with an old password is.`;
}

/** Fails with ROTATE_NO_TLS (exit 2) where servers are to have no certificates. */
export function refuseNoTls({ name, tls, serverTls }: Deployment): void {
  if (tls || serverTls) return;
  throw new RedishaError({
    code: "ROTATE_NO_TLS",
    message: `redisha.yaml declares no TLS for ${name}: its servers have no certificates.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["redisha rotate, for passwords", "tls: { authority: {}, mode: both, port_offset: 1000 }, and redisha init"],
  });
}

/** Fails with ROTATE_NOTHING (exit 2) where redisha.yaml gives no new password. */
export function refuseNothingToRotate(deployment: Deployment): void {
  if (changingLogins(deployment).length > 0) return;
  throw new RedishaError({
    code: "ROTATE_NOTHING",
    message: `No login of ${deployment.name} has a previous_password: there is nothing to change.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [
      "redisha rotate --only certificates, for new certificates",
      "auth: { operator: { password: { file: secrets/new }, previous_password: { file: secrets/old } } }",
      "the same below users, for each password that is to change",
    ],
  });
}
