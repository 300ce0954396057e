import { type Family, metricsText } from "../core/metrics-text.ts";

/** How an attempt at a backup ended. */
export interface BackupAttempt {
  readonly deployment: string;
  readonly redishaVersion: string;
  readonly finishedMs: number;
  readonly durationMs: number;
  readonly exit: number;
  /** Present where there is a new backup, whatever else went wrong. */
  readonly backup?: {
    readonly rawBytes: number;
    readonly storedBytes: number;
    readonly keys: number | null;
    readonly pauseMs: number | null;
    readonly skewMs: number | null;
    readonly fromPrimary: boolean;
  };
}

const PREFIX = "redisha_backup_";

/** Of these the last known values stay when an attempt fails: monitoring asks how old the newest backup is. */
const OF_SUCCESS = [
  "last_success_timestamp_seconds",
  "last_size_bytes",
  "last_keys",
  "write_pause_seconds",
  "set_skew_seconds",
  "source_is_primary",
];

/**
 * The text of a Prometheus textfile after an attempt. What a failed one says nothing of is taken over from the text that
 * was there before. Pure.
 */
export function renderBackupMetrics(attempt: BackupAttempt, previous = ""): string {
  const { deployment, backup, finishedMs, durationMs, exit, redishaVersion } = attempt;
  const one = (name: string, help: string, value: number, more: Readonly<Record<string, string>> = {}): Family => ({
    name: `${PREFIX}${name}`,
    help,
    samples: [{ labels: { deployment, ...more }, value }],
  });
  const wrote = { version: redishaVersion, deployment, file: "backup" };
  const families = [
    one("last_attempt_timestamp_seconds", "When the last attempt ended.", finishedMs / 1000),
    one("last_exit_code", "How the last attempt ended; 0 is done, 3 done with warnings.", exit),
    one("last_duration_seconds", "How long the last attempt took.", durationMs / 1000),
  ];
  if (!backup) return metricsText(families, wrote, kept(previous));
  const success: Family[] = [
    one("last_success_timestamp_seconds", "When the newest backup was finished.", finishedMs / 1000),
    {
      name: `${PREFIX}last_size_bytes`,
      help: "Size of the newest backup, plain and as stored.",
      samples: [
        { labels: { deployment, kind: "raw" }, value: backup.rawBytes },
        { labels: { deployment, kind: "stored" }, value: backup.storedBytes },
      ],
    },
    ...(backup.keys === null ? [] : [one("last_keys", "Keys in the newest backup.", backup.keys)]),
    one("write_pause_seconds", "How long writes were held for it.", (backup.pauseMs ?? 0) / 1000),
    one("set_skew_seconds", "Between the first and the last snapshot of the set.", (backup.skewMs ?? 0) / 1000),
    one("source_is_primary", "1 where a primary was read.", backup.fromPrimary ? 1 : 0),
  ];
  return metricsText([...families, ...success], wrote);
}

/** Whom a textfile speaks of; empty where it does not say. */
export function deploymentIn(text: string): string {
  const label = /\{deployment="((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? "";
  return label.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}

/** The lines of `previous` that speak of the newest backup. */
function kept(previous: string): string[] {
  const wanted = OF_SUCCESS.map((name) => `${PREFIX}${name}`);
  return previous
    .split("\n")
    .filter((line) => wanted.some((name) => new RegExp(`^(# (HELP|TYPE) )?${name}[ {]`).test(line)));
}

/** What `backup check` says, as metrics. */
export interface BackupHealth {
  readonly deployment: string;
  readonly redishaVersion: string;
  readonly atMs: number;
  readonly exit: number;
  readonly backups: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly newestMs: number | null;
  readonly verifiedMs: number | null;
  /** Unix seconds, both included. */
  readonly followed: { readonly from: number; readonly to: number } | null;
  readonly findings: Readonly<Record<string, number>>;
}

/** The text of a Prometheus textfile after a check. Pure. */
export function renderHealthMetrics(health: BackupHealth): string {
  const { deployment, redishaVersion } = health;
  const counted = (name: string, help: string, label: string, values: Readonly<Record<string, number>>): Family => ({
    name: `${PREFIX}${name}`,
    help,
    samples: Object.entries(values).map(([key, value]) => ({ labels: { deployment, [label]: key }, value })),
  });
  const one = (name: string, help: string, value: number): Family => ({
    name: `${PREFIX}${name}`,
    help,
    samples: [{ labels: { deployment }, value }],
  });
  return metricsText(
    [
      one("check_timestamp_seconds", "When the repository was looked at.", health.atMs / 1000),
      one("check_exit_code", "What redisha backup check ended with.", health.exit),
      counted("repo_backups", "Backups in the repository, by state.", "status", health.backups),
      one("repo_size_bytes", "Bytes in the repository.", health.bytes),
      counted("findings", "What is wrong with them, by kind.", "code", health.findings),
      ...(health.newestMs === null
        ? []
        : [one("newest_timestamp_seconds", "When the newest was finished.", health.newestMs / 1000)]),
      ...(health.verifiedMs === null
        ? []
        : [one("last_verify_timestamp_seconds", "When one was last verified, and good.", health.verifiedMs / 1000)]),
      ...(health.followed === null
        ? []
        : [
            one(
              "pitr_window_start_timestamp_seconds",
              "Since when restore --at reaches every second.",
              health.followed.from,
            ),
            one("pitr_window_end_timestamp_seconds", "Up to when what is followed is stored.", health.followed.to),
          ]),
    ],
    { version: redishaVersion, deployment, file: "backup_check" },
  );
}
