import { formatBytes, formatDuration } from "../../core/units.ts";
import type { BackupCheckResult } from "../../use-cases/backup/check-backups.ts";
import type { PruneResult } from "../../use-cases/backup/keep-backups.ts";
import type { BackupDetail, BackupList, BackupRow } from "../../use-cases/backup/list-backups.ts";
import type { VerifyBackupsResult } from "../../use-cases/backup/verify-backups.ts";
import { plural, shortAge, shortBytes, shortCount, slotRanges } from "../output/format.ts";
import { renderTable } from "../output/table.ts";
import type { Theme } from "../output/theme.ts";

interface Look {
  readonly theme: Theme;
  readonly width?: number;
}

/** Backups, the newest first: which, how old, how large, whether somebody looked at it. `now` is in milliseconds. */
export function renderBackups(rows: readonly BackupRow[], look: Look & { readonly now: number }): string {
  const { theme, now } = look;
  const { none } = theme.symbols;
  return renderTable(
    [
      { header: "BACKUP" },
      { header: "STATE" },
      { header: "AGO", align: "right" },
      { header: "SIZE", align: "right" },
      { header: "STORED", align: "right", dropOrder: 3 },
      { header: "KEYS", align: "right" },
      { header: "METHOD", dropOrder: 4 },
      { header: "VERIFIED" },
      { header: "POINT IN TIME", dropOrder: 5 },
      { header: "NOTES", shrinkTo: 10, dropOrder: 2 },
    ],
    rows.map((row) => [
      { text: row.id, paint: theme.strong },
      stateCell(row, theme),
      row.finished === null ? none : shortAge((now - Date.parse(row.finished)) / 1_000),
      row.size_raw === null ? none : shortBytes(row.size_raw),
      shortBytes(row.size_stored),
      row.keys === null ? none : shortCount(row.keys),
      row.method ?? none,
      verifiedCell(row, theme),
      row.window === null ? none : `${row.window.from.slice(5, 19)} to ${row.window.to.slice(5, 19)}`,
      notesOf(row),
    ]),
    look,
  );
}

/** Which moments what is followed reaches, the oldest first, and what lies between them. */
export function renderFollowed(followed: BackupList["followed"], theme: Theme): string {
  const short = (instant: string) => instant.replace(".000Z", "Z");
  const lines = followed.flatMap(({ from, to }, index) => {
    const before = followed[index - 1];
    const window = `followed: restore --at ${short(from)} to ${short(to)}`;
    if (!before) return [window];
    const lost = formatDuration(Date.parse(from) - Date.parse(before.to) - 1_000);
    return [
      theme.warn(`gap of ${lost}: no moment between ${short(before.to)} and ${short(from)} can be restored`),
      window,
    ];
  });
  return lines.join("\n");
}

function stateCell({ state, encrypted }: BackupRow, { symbols, good, warn, bad, dim }: Theme) {
  if (state === "complete") return { text: `${symbols.ok} ${encrypted ? "encrypted" : "plain"}`, paint: good };
  if (state === "running") return { text: `${symbols.dot} being made`, paint: dim };
  if (state === "damaged") return { text: `${symbols.bad} damaged`, paint: bad };
  return { text: `${symbols.warn} unfinished`, paint: warn };
}

function verifiedCell({ verified }: BackupRow, { symbols, good, bad }: Theme) {
  if (!verified) return symbols.none;
  return verified.ok
    ? { text: `${symbols.ok} ${verified.level}`, paint: good }
    : { text: `${symbols.bad} ${verified.level}`, paint: bad };
}

function notesOf({ held, tags, reason, problems }: BackupRow): string {
  const notes = [held === null ? "" : `held: ${held}`, tags.join(", "), reason ?? "", problems[0] ?? ""];
  return notes.filter((note) => note !== "").join("; ");
}

/** One backup in full: shards, files, what was left out, every look at it. */
export function renderBackup({ row, manifest, verifications, folder }: BackupDetail, theme: Theme): string {
  const { consistency, shards, meta } = manifest;
  const pause = consistency.pause_ms === undefined ? "" : `, writes held for ${consistency.pause_ms} ms`;
  const files = [...shards.flatMap((shard) => shard.files), ...meta];
  const recipients = [...new Set(files.flatMap((file) => (file.encryption === "age" ? file.recipients : [])))];
  const lines = [
    theme.strong(row.id),
    `  place        ${folder}`,
    `  made         ${manifest.started} to ${manifest.finished} by redisha ${manifest.redisha_version}, method ${manifest.method}`,
    `  moment       ${consistency.mode}${pause}${consistency.skew_ms === undefined ? "" : `, ${consistency.skew_ms} ms from the first snapshot to the last`}`,
    `  size         ${formatBytes(row.size_raw ?? 0)}, stored in ${formatBytes(row.size_stored)}, ${row.encrypted ? "encrypted" : "not encrypted"}`,
    ...(recipients.length > 0 ? [`  opened by    ${recipients.join(", ")}`] : []),
    ...(row.window ? [`  window       ${row.window.from} to ${row.window.to}`] : []),
    ...(row.held === null ? [] : [`  held         ${row.held}`]),
    ...(manifest.reason ? [`  reason       ${manifest.reason}`] : []),
    ...(manifest.tags.length > 0 ? [`  tags         ${manifest.tags.join(", ")}`] : []),
  ];
  for (const shard of shards) {
    const slots = shard.slots.length > 0 ? `, slots ${slotRanges(shard.slots)}` : "";
    const keys = shard.keys ? `, ${plural(shard.keys.read, "key")}` : "";
    const from = shard.source.fell_back_to_primary ? theme.warn(" (no replica would do)") : "";
    lines.push(
      `  shard ${shard.name}: ${shard.source.role} ${shard.source.instance}${from}, ${shard.server.name} ${shard.server.version}${slots}${keys}`,
      ...shard.files.map(({ name, size_raw, size_stored }) =>
        theme.dim(`    ${name}  ${formatBytes(size_raw)} in ${formatBytes(size_stored)}`),
      ),
    );
  }
  if (meta.length > 0) lines.push(`  beside       ${meta.map(({ name }) => name.replace(/^meta\//, "")).join(", ")}`);
  for (const { what, why } of manifest.left_out) lines.push(theme.warn(`  left out     ${what}: ${why}`));
  for (const { level, at, ok, problems } of verifications) {
    const result = ok ? theme.good("good") : theme.bad(problems.join("; "));
    lines.push(`  verified     ${at} ${level}: ${result}`);
  }
  return lines.join("\n");
}

/** Why each backup stays or goes. */
export function renderPrune(
  { decisions, deleted, cleaned, warnings, dry_run, timezone }: PruneResult,
  look: Look,
): string {
  const { theme } = look;
  const rows = decisions.map(({ id, keep, bytes, reasons }) => [
    { text: id, paint: theme.strong },
    keep
      ? { text: `${theme.symbols.ok} keep`, paint: theme.good }
      : { text: `${theme.symbols.bad} delete`, paint: theme.warn },
    shortBytes(bytes),
    reasons.join("; "),
  ]);
  const columns = [
    { header: "BACKUP" },
    { header: "" },
    { header: "SIZE", align: "right" as const },
    { header: `WHY (${timezone})`, shrinkTo: 20 },
  ];
  const going = decisions.filter(({ keep }) => !keep).length;
  const told = dry_run
    ? `${plural(going, "backup")} would be deleted`
    : `${plural(deleted.length, "backup")} deleted${cleaned.length > 0 ? `, the remains of ${cleaned.length} removed` : ""}`;
  const table = rows.length === 0 ? "No backups." : renderTable(columns, rows, look);
  return [table, ...warnings.map((text) => theme.warn(`${theme.symbols.warn} ${text}`)), told].join("\n");
}

/** What a look at each backup found. */
export function renderVerified({ backups, followed, level }: VerifyBackupsResult, theme: Theme): string {
  const looks = [...backups, ...followed.map((each) => ({ ...each, id: `followed ${each.id}` }))];
  const lines = looks.flatMap(({ id, ok, files, bytes, keys, checked_by, duration_ms, problems }) => {
    const what = [
      plural(files, "file"),
      formatBytes(bytes),
      ...(keys === null ? [] : [plural(keys, "key")]),
      ...(checked_by === null ? [] : [checked_by]),
    ].join(", ");
    const head = ok ? theme.good(`${theme.symbols.ok} ${id}`) : theme.bad(`${theme.symbols.bad} ${id}`);
    return [
      `${head} ${level}: ${what} in ${formatDuration(duration_ms)}`,
      ...problems.map((problem) => theme.bad(`    ${problem}`)),
    ];
  });
  return lines.length === 0 ? "No backups." : lines.join("\n");
}

/** One line for a monitoring system, then what is wrong. */
export function renderCheck(result: BackupCheckResult, theme: Theme, now: number): string {
  const { newest, findings, backups, followed } = result;
  const { symbols } = theme;
  const age = newest ? shortAge((now - Date.parse(newest.finished)) / 1_000) : "";
  const newestText = newest ? `newest ${newest.id}, ${age} old, ${formatBytes(newest.size_raw)}` : "none";
  const state = findings.some(({ severity }) => severity === "error") ? "bad" : findings.length > 0 ? "warn" : "good";
  const symbol = { good: symbols.ok, warn: symbols.warn, bad: symbols.bad }[state];
  const followedText = followed ? `; followed from ${followed.from} to ${followed.to}` : "";
  return [
    theme[state](`${symbol} ${plural(backups, "backup")} of ${result.deployment}: ${newestText}${followedText}`),
    ...findings.map(({ severity, message }) => (severity === "error" ? theme.bad : theme.warn)(`  ${message}`)),
  ].join("\n");
}
