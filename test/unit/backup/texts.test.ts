import { describe, expect, it } from "vitest";
import { renderBackupMetrics, renderHealthMetrics } from "../../../src/backup/metrics.ts";
import { renderSchedule } from "../../../src/backup/schedule.ts";

const schedule = {
  deployment: "shop",
  file: "/etc/redisha/my file.yaml",
  program: "/usr/local/bin/redisha",
  user: "redisha",
  at: { hour: 2, minute: 30 },
  jitterMs: 600_000,
  more: [] as string[],
};

describe("a schedule", () => {
  it("runs once a day by systemd, delayed by chance, and makes up for what was missed", () => {
    const { timer, service } = renderSchedule({ ...schedule, onFailure: "alert@%n.service" });
    expect(timer.text).toContain("OnCalendar=*-*-* 02:30:00\nRandomizedDelaySec=600\n");
    expect(timer.text).toContain("Persistent=true");
    expect(service.text).toContain(
      'ExecStart=/usr/local/bin/redisha backup --file "/etc/redisha/my file.yaml" --deployment shop\n',
    );
    expect(service.text).toContain("OnFailure=alert@%n.service");
  });

  it("keeps what systemd and cron would read as their own", () => {
    const { service, crontab } = renderSchedule({ ...schedule, more: ["--reason", "100% of $HOME"] });
    expect(service.text).toContain('--reason "100%% of $$HOME"');
    expect(crontab.text).toContain("--reason '100\\% of $HOME'");
  });

  it("spreads several runs over the day", () => {
    const { crontab, timer } = renderSchedule({ ...schedule, everyHours: 6 });
    expect(crontab.text).toContain("30 2,8,14,20 * * * redisha /usr/local/bin/redisha backup");
    expect(crontab.text).toContain("--jitter 600s");
    expect(timer.text).toContain("OnCalendar=*-*-* 02,08,14,20:30:00");
  });
});

const attempt = { deployment: "shop", redishaVersion: "1.0.0", finishedMs: 2_000_000, durationMs: 1_500, exit: 0 };
const backup = { rawBytes: 10, storedBytes: 5, keys: 3, pauseMs: 12, skewMs: 1, fromPrimary: false };

describe("the metrics of an attempt", () => {
  it("keep the time of the last success when one fails", () => {
    const good = renderBackupMetrics({ ...attempt, backup });
    expect(good).toContain('redisha_backup_last_success_timestamp_seconds{deployment="shop"} 2000\n');
    const bad = renderBackupMetrics({ ...attempt, finishedMs: 3_000_000, exit: 6 }, good);
    expect(bad).toContain('redisha_backup_last_success_timestamp_seconds{deployment="shop"} 2000\n');
    expect(bad).toContain('redisha_backup_last_attempt_timestamp_seconds{deployment="shop"} 3000\n');
    expect(bad).toContain('redisha_backup_last_exit_code{deployment="shop"} 6\n');
  });

  it("name each metric once, with its type, however often one fails", () => {
    let text = renderBackupMetrics({ ...attempt, backup });
    for (let i = 0; i < 3; i += 1) text = renderBackupMetrics({ ...attempt, exit: 1 }, text);
    const types = text.split("\n").filter((line) => line.startsWith("# TYPE"));
    expect(new Set(types).size).toBe(types.length);
    for (const line of text.trimEnd().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) |redisha_\w+(\{.*\})? [\d.e+-]+$)/);
  });

  it("of a check count what is there and what is wrong", () => {
    const text = renderHealthMetrics({
      deployment: 'a"b',
      redishaVersion: "1.0.0",
      atMs: 1_000,
      exit: 4,
      backups: { complete: 2 },
      bytes: 7,
      newestMs: null,
      verifiedMs: null,
      followed: { from: 7, to: 9 },
      findings: { "too-old": 1 },
    });
    expect(text).toContain('redisha_backup_findings{deployment="a\\"b",code="too-old"} 1\n');
    expect(text).toContain('redisha_backup_pitr_window_end_timestamp_seconds{deployment="a\\"b"} 9\n');
  });
});
