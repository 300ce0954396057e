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
