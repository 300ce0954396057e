import type { RetentionPolicy } from "../inventory/model.ts";
import { Calendar, PERIODS } from "./calendar.ts";

/** What retention wants to know of a complete backup. Others are no backups to it. */
export interface RetentionCandidate {
  readonly id: string;
  readonly finishedMs: number;
  /** Of two in one period the verified one is kept. */
  readonly verified: boolean;
  /** Why it never expires; undefined where it may. */
  readonly held?: string;
  /** Backups that it cannot be restored without. */
  readonly needs: readonly string[];
}

export interface RetentionInput {
  readonly backups: readonly RetentionCandidate[];
  readonly policy: RetentionPolicy;
  readonly minimumRedundancy: number;
  readonly timezone: string;
  readonly nowMs: number;
  /** The newest attempt at a backup, or the verification of the newest backup, failed: nothing expires then. */
  readonly failed?: "backup" | "verify";
}

export type RetentionRule =
  | "last"
  | (typeof PERIODS)[number]
  | "held"
  | "minimum-redundancy"
  | "needed"
  | "future"
  | "no-policy"
  | "failed-backup"
  | "failed-verify"
  | "expired";

export interface RetentionReason {
  readonly rule: RetentionRule;
  /** For people: `newest of 2026-W47, 2 of 4 weeks`. */
  readonly text: string;
}

export interface RetentionDecision {
  readonly id: string;
  readonly keep: boolean;
  /** Why, at least one; an expired backup has one that tells which rules it outlived. */
  readonly reasons: readonly RetentionReason[];
}

export interface RetentionResult {
  readonly timezone: string;
  /** Newest first. */
  readonly decisions: readonly RetentionDecision[];
  /** What an operator should know beside: clocks that are wrong, rules that nothing meets. */
  readonly warnings: readonly string[];
}

/** The clocks of two machines differ by a little. */
const FUTURE_MS = 5 * 60_000;

const NOUNS = { hourly: "hours", daily: "days", weekly: "weeks", monthly: "months", yearly: "years" } as const;

/**
 * Which backups stay and which expire, with the reason for each. A backup that any rule keeps stays; periods without a
 * backup do not count; no rules at all keep everything. Pure.
 */
export function decideRetention(input: RetentionInput): RetentionResult {
  const { policy, minimumRedundancy, timezone, nowMs, failed } = input;
  const newest = [...input.backups].sort((a, b) => b.finishedMs - a.finishedMs || (a.id < b.id ? 1 : -1));
  const reasons = new Map<string, RetentionReason[]>(newest.map(({ id }) => [id, []]));
  const keep = (id: string, rule: RetentionRule, text: string) => reasons.get(id)?.push({ rule, text });
  const future = newest.filter(({ finishedMs }) => finishedMs > nowMs + FUTURE_MS);
  const past = newest.filter((each) => !future.includes(each));

  for (const { id, held } of newest) if (held !== undefined) keep(id, "held", `held: ${held}`);
  for (const { id } of future) keep(id, "future", "finished in the future: one of the clocks is wrong");
  if (failed) {
    const what = failed === "backup" ? "the newest backup" : "the newest verification";
    for (const { id } of past) keep(id, `failed-${failed}`, `${what} failed: nothing expires until one succeeds`);
  }
  if (Object.keys(policy).length === 0)
    for (const { id } of past) keep(id, "no-policy", "there is no rule to expire by");
  for (const [index, { id }] of past.slice(0, policy.last ?? 0).entries()) {
    keep(id, "last", `${index + 1} of the ${policy.last} newest`);
  }
  const calendar = new Calendar(timezone);
  for (const period of PERIODS) keepPeriod(past, period, policy[period] ?? 0, calendar, keep);
  for (const { id } of past.slice(0, minimumRedundancy)) {
    if (reasons.get(id)?.length === 0) keep(id, "minimum-redundancy", `${minimumRedundancy} always stay`);
  }
  keepChains(newest, reasons);

  const decisions = newest.map(({ id }): RetentionDecision => {
    const why = reasons.get(id) ?? [];
    if (why.length > 0) return { id, keep: true, reasons: why };
    return { id, keep: false, reasons: [{ rule: "expired", text: outlived(policy) }] };
  });
  const warnings = future.map(({ id }) => `${id} finished in the future: one of the clocks is wrong`);
  if (past.length < minimumRedundancy) {
    warnings.push(`there are ${past.length} complete backups, and ${minimumRedundancy} should always be there`);
  }
  return { timezone, decisions, warnings };
}

/** One backup for each of the newest periods that have any: the newest, unless an older one there is verified and it is not. */
function keepPeriod(
  newest: readonly RetentionCandidate[],
  period: (typeof PERIODS)[number],
  count: number,
  calendar: Calendar,
  keep: (id: string, rule: RetentionRule, text: string) => void,
): void {
  if (count === 0) return;
  const groups = Map.groupBy(newest, ({ finishedMs }) => calendar.name(period, finishedMs));
  // In the order in which they were met: newest first.
  const names = [...groups.keys()].slice(0, count);
  for (const [index, name] of names.entries()) {
    const group = groups.get(name) ?? [];
    const chosen = group.find(({ verified }) => verified) ?? group[0];
    if (!chosen) continue;
    const which = chosen === group[0] ? "newest" : "newest verified";
    keep(chosen.id, period, `${which} of ${name}, ${index + 1} of ${count} ${NOUNS[period]}`);
  }
}

/** What a backup that stays needs stays too, and what that needs. */
function keepChains(backups: readonly RetentionCandidate[], reasons: Map<string, RetentionReason[]>): void {
  const byId = new Map(backups.map((each) => [each.id, each]));
  const follow = backups.filter(({ id }) => (reasons.get(id)?.length ?? 0) > 0);
  for (let next = follow.pop(); next; next = follow.pop()) {
    for (const id of next.needs) {
      const base = byId.get(id);
      const why = reasons.get(id);
      if (!base || !why) continue;
      if (why.length === 0) follow.push(base);
      if (!why.some(({ rule }) => rule === "needed")) why.push({ rule: "needed", text: `${next.id} needs it` });
    }
  }
}

function outlived(policy: RetentionPolicy): string {
  const rules = (["last", ...PERIODS] as const).filter((rule) => policy[rule] !== undefined);
  return `no rule keeps it: ${rules.map((rule) => `keep_${rule} ${policy[rule]}`).join(", ")}`;
}
