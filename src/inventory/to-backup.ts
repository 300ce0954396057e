import type { BackupPolicy, S3Settings } from "./model.ts";
import { resolvePath, type Surroundings } from "./paths.ts";
import type { DeclaredDeployment } from "./schema.ts";
import { secretReader } from "./secrets.ts";
import { sshOf } from "./to-ssh.ts";
import { bytesOf, milliseconds, present } from "./to-values.ts";

type Declared = NonNullable<DeclaredDeployment["backup"]>;

/**
 * Where redisha.yaml says nothing. A day and two hours: a daily backup may be late once, but not left out. A quarter of an
 * hour: whoever follows may be started anew, or look for another server, and no more.
 */
const DEFAULTS = {
  compression: 3,
  minimumRedundancy: 1,
  timezone: "UTC",
  maxAgeMs: 26 * 3_600_000,
  maxShrink: 50,
  followedWithinMs: 15 * 60_000,
};

/** What is declared of backups, with defaults in, paths absolute and secrets still to be asked for. */
export function backupOf(
  declared: Declared | undefined,
  connectMs: number,
  around: Surroundings,
): BackupPolicy | undefined {
  if (!declared) return undefined;
  const { retention: keep, check, sftp, s3 } = declared;
  const settings = sftp && sshOf(undefined, sftp, connectMs, around);
  return {
    repository: declared.repository,
    encryptTo: declared.encrypt_to ?? [],
    identities: (declared.identities ?? []).map((file) => resolvePath(file, around)),
    compression: declared.compression ?? DEFAULTS.compression,
    ...present({ bandwidth: bytesOf(declared.bandwidth) }),
    retention: present({
      last: keep?.keep_last,
      hourly: keep?.keep_hourly,
      daily: keep?.keep_daily,
      weekly: keep?.keep_weekly,
      monthly: keep?.keep_monthly,
      yearly: keep?.keep_yearly,
    }),
    minimumRedundancy: declared.minimum_redundancy ?? DEFAULTS.minimumRedundancy,
    timezone: declared.timezone ?? DEFAULTS.timezone,
    check: {
      maxAgeMs: milliseconds(check?.max_age) ?? DEFAULTS.maxAgeMs,
      maxShrink: check?.max_shrink ?? DEFAULTS.maxShrink,
      followedWithinMs: milliseconds(check?.followed_within) ?? DEFAULTS.followedWithinMs,
      ...present({
        minSize: bytesOf(check?.min_size),
        verifiedWithinMs: milliseconds(check?.verified_within),
      }),
    },
    ...(s3 ? { s3: s3Of(s3, around) } : {}),
    ...(typeof settings === "object" ? { sftp: settings } : {}),
  };
}

function s3Of(declared: NonNullable<Declared["s3"]>, around: Surroundings): S3Settings {
  return present({
    endpoint: declared.endpoint,
    region: declared.region,
    pathStyle: declared.path_style,
    accessKey: declared.access_key && secretReader(declared.access_key, around),
    secretKey: declared.secret_key && secretReader(declared.secret_key, around),
    sessionToken: declared.session_token && secretReader(declared.session_token, around),
  });
}
