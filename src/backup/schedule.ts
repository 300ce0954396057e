/** A backup that is to be made again and again by this machine. */
export interface Schedule {
  readonly deployment: string;
  /** redisha.yaml, absolute. */
  readonly file: string;
  /** The program to run: `/usr/local/bin/redisha`. */
  readonly program: string;
  readonly user: string;
  /** UTC or local, as the machine counts: `02:30`. */
  readonly at: { readonly hour: number; readonly minute: number };
  /** Every so many hours instead of once a day; divides 24. */
  readonly everyHours?: number;
  /** Start up to so much later, by chance. */
  readonly jitterMs: number;
  readonly textfile?: string;
  /** A systemd unit that is started when a backup fails. */
  readonly onFailure?: string;
  /** More arguments of `redisha backup`. */
  readonly more: readonly string[];
}

/** What is followed all the time, in place of backups now and then. */
export type FollowService = Pick<Schedule, "deployment" | "file" | "program" | "user" | "onFailure" | "more">;

/** A systemd service that follows append-only files for as long as the machine runs. Pure. */
export function renderFollow(followed: FollowService): { readonly path: string; readonly text: string } {
  const { deployment, file, program, user, onFailure, more } = followed;
  const command = [program, "backup", "follow", "--file", file, "--deployment", deployment, ...more];
  const text = lines([
    "[Unit]",
    `Description=Point-in-time backup of the Redis deployment ${deployment}`,
    "Wants=network-online.target",
    "After=network-online.target",
    "# Give it another chance, however often it failed: what servers write meanwhile is not stored.",
    "StartLimitIntervalSec=0",
    ...(onFailure === undefined ? [] : [`OnFailure=${onFailure}`]),
    "",
    "[Service]",
    "Type=exec",
    `User=${user}`,
    `ExecStart=${command.map(systemdWord).join(" ")}`,
    "# 143: it was told to stop.",
    "SuccessExitStatus=143",
    "Restart=always",
    "RestartSec=10s",
    "Nice=10",
    "IOSchedulingClass=best-effort",
    "IOSchedulingPriority=7",
    "NoNewPrivileges=yes",
    "PrivateTmp=yes",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  ]);
  return { path: `/etc/systemd/system/redisha-follow-${deployment}.service`, text };
}

export interface RenderedSchedule {
  readonly service: { readonly path: string; readonly text: string };
  readonly timer: { readonly path: string; readonly text: string };
  /** A line for /etc/cron.d, with the user in it. */
  readonly crontab: { readonly path: string; readonly text: string };
}

/** A systemd service with its timer, and the same for cron. Pure. */
export function renderSchedule(schedule: Schedule): RenderedSchedule {
  const unit = `redisha-backup-${schedule.deployment}`;
  return {
    service: { path: `/etc/systemd/system/${unit}.service`, text: service(schedule) },
    timer: { path: `/etc/systemd/system/${unit}.timer`, text: timer(schedule) },
    crontab: { path: `/etc/cron.d/${unit}`, text: crontab(schedule) },
  };
}

function service(schedule: Schedule): string {
  const { deployment, user, onFailure } = schedule;
  const command = argv(schedule, false).map(systemdWord).join(" ");
  return lines([
    "[Unit]",
    `Description=Backup of the Redis deployment ${deployment}`,
    "Wants=network-online.target",
    "After=network-online.target",
    ...(onFailure === undefined ? [] : [`OnFailure=${onFailure}`]),
    "",
    "[Service]",
    "Type=oneshot",
    `User=${user}`,
    `ExecStart=${command}`,
    "# 3: the backup was made, with warnings.",
    "SuccessExitStatus=3",
    "# However long it takes: it has time limits of its own.",
    "TimeoutStartSec=infinity",
    "# The first signal lets the current step finish; what is stored by half is taken away again.",
    "TimeoutStopSec=10min",
    "Nice=10",
    "IOSchedulingClass=best-effort",
    "IOSchedulingPriority=7",
    "NoNewPrivileges=yes",
    "PrivateTmp=yes",
  ]);
}

function timer(schedule: Schedule): string {
  const seconds = Math.ceil(schedule.jitterMs / 1000);
  return lines([
    "[Unit]",
    `Description=When the Redis deployment ${schedule.deployment} is backed up`,
    "",
    "[Timer]",
    `OnCalendar=${calendar(schedule)}`,
    `RandomizedDelaySec=${seconds}`,
    "# A run that was missed while this machine was off is made up for.",
    "Persistent=true",
    "",
    "[Install]",
    "WantedBy=timers.target",
  ]);
}

function crontab(schedule: Schedule): string {
  const { minute } = schedule.at;
  const hours = hoursOf(schedule);
  const when = `${minute} ${hours.length === 24 ? "*" : hours.join(",")} * * *`;
  // To cron a per cent sign is the end of the command.
  const command = argv(schedule, true).map(shellWord).join(" ").replaceAll("%", "\\%");
  return lines([
    "# cron has next to no PATH; ssh and Node are looked for in it.",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "# Silent where all is well: what comes by mail is a failure.",
    `${when} ${schedule.user} ${command}`,
  ]);
}

/** systemd waits by itself for a while that chance decides; under cron redisha does. */
function argv({ program, deployment, file, jitterMs, textfile, more }: Schedule, jitter: boolean): string[] {
  return [
    program,
    "backup",
    "--file",
    file,
    "--deployment",
    deployment,
    ...(jitter && jitterMs > 0 ? ["--jitter", `${Math.ceil(jitterMs / 1000)}s`] : []),
    ...(textfile === undefined ? [] : ["--textfile", textfile]),
    ...more,
  ];
}

function calendar(schedule: Schedule): string {
  const hours = hoursOf(schedule).map((hour) => String(hour).padStart(2, "0"));
  return `*-*-* ${hours.length === 24 ? "*" : hours.join(",")}:${String(schedule.at.minute).padStart(2, "0")}:00`;
}

function hoursOf({ at, everyHours = 24 }: Schedule): number[] {
  const first = at.hour % everyHours;
  return Array.from({ length: 24 / everyHours }, (_, index) => first + index * everyHours);
}

/** In a unit file `%` begins a specifier, `$` a variable, and `\` and quotes are those of C. */
function systemdWord(word: string): string {
  const escaped = word.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w@:+=./,-]+$/.test(word) ? word : `"${escaped}"`;
}

function shellWord(word: string): string {
  return /^[\w@:+=./,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function lines(text: readonly string[]): string {
  return `${text.join("\n")}\n`;
}
