import { ORIGINS } from "./analyse-origin.ts";
import type { Milestone, Reached } from "./milestones.ts";
import { MILESTONES } from "./milestones.ts";
import type { Attempt, Mark, ProbeKind, RoleSample } from "./recording.ts";
import type { DrillSettings } from "./settings.ts";

/** Milestones that count only as long as they hold. */
const LASTING: readonly Milestone[] = ["clients_back", "old_primary_back", "redundant"];

/** What is known of one probe since the fault. */
interface ProbeState {
  readonly kind: ProbeKind;
  /** First acknowledged attempt on each instance that was sent after the fault. */
  readonly firstAck: Map<string, number>;
  last: Attempt | undefined;
}

/**
 * What is so now: roles, marks and how each probe fares. Tells when a milestone is reached, and what is still missing.
 * Pure: times come in with what happened.
 */
export class Scene {
  readonly #settings: Pick<DrillSettings, "members" | "old_primary">;
  readonly #roles = new Map<string, RoleSample>();
  /** What each said that it is when it last said anything. */
  readonly #lastRoles = new Map<string, RoleSample["role"]>();
  readonly #probes = new Map<string, ProbeState>();
  readonly #reached = new Map<Milestone, number>();
  #fault: number | undefined;
  #disturbed = false;
  #newPrimary: string | null = null;

  constructor(settings: Pick<DrillSettings, "members" | "old_primary" | "probes">) {
    this.#settings = settings;
    for (const { name, kind } of settings.probes)
      this.#probes.set(name, { kind, firstAck: new Map(), last: undefined });
  }

  /** When the fault was, or the planned change of primary began; on the recording's clock. The first such mark counts. */
  get fault(): number | undefined {
    return this.#fault;
  }

  /** The instance that became primary in place of the old one; `null` before. */
  get newPrimary(): string | null {
    return this.#newPrimary;
  }

  role(sample: RoleSample): void {
    const { members, old_primary } = this.#settings;
    if (!members.includes(sample.instance)) return;
    this.#roles.set(sample.instance, sample);
    // After a second failover two say so for a while: it is the one that came to it last.
    const promoted = sample.role === "primary" && this.#lastRoles.get(sample.instance) !== "primary";
    if (promoted && sample.instance !== old_primary) this.#newPrimary = sample.instance;
    if (sample.role !== null) this.#lastRoles.set(sample.instance, sample.role);
    if (this.#fault !== undefined && this.#imperfect() !== null) this.#disturbed = true;
    this.#note(sample.at);
  }

  /** True where it is the one that times count from. */
  mark({ name, at }: Mark): boolean {
    if (this.#fault !== undefined || !ORIGINS.some((origin) => origin === name)) return false;
    this.#fault = at;
    this.#reached.clear();
    for (const probe of this.#probes.values()) {
      probe.firstAck.clear();
      // What was under way when the fault came may still end well.
      probe.last = undefined;
    }
    return true;
  }

  attempt(name: string, attempt: Attempt): void {
    const probe = this.#probes.get(name);
    if (!probe) return;
    const before = probe.last;
    probe.last = attempt;
    if (!served(attempt) || attempt.node === null || attempt.sent < (this.#fault ?? 0)) return;
    const first = !probe.firstAck.has(attempt.node);
    if (first) probe.firstAck.set(attempt.node, attempt.ended);
    if (first || !served(before) || before?.node !== attempt.node) this.#note(attempt.ended);
  }

  /** When it was reached first; undefined before. */
  reached(milestone: Milestone): Reached | undefined {
    const at = this.#reached.get(milestone);
    if (at === undefined) return undefined;
    const after_fault_ms = this.#fault === undefined ? null : at - this.#fault;
    return { at, after_fault_ms, new_primary: this.#newPrimary };
  }

  /** What stands between now and the milestone, in words; null where nothing does. */
  missing(milestone: Milestone): string | null {
    const primary = this.#newPrimary;
    const { old_primary } = this.#settings;
    if (milestone === "redundant") return this.#imperfect() ?? this.#tooEarly();
    if (primary === null) return `no instance but ${old_primary} says that it is primary`;
    switch (milestone) {
      case "promoted":
        return this.#roles.get(primary)?.role === "primary" ? null : `${primary} is primary no longer`;
      case "writable":
        return this.#acks(primary).size > 0 ? null : `no write was acknowledged by ${primary} since the fault`;
      case "clients_back":
        return this.#awayFrom(primary);
      case "old_primary_back":
        return this.#notFollowing(old_primary);
    }
  }

  /** The instances that say now that they are primary, the new one first. */
  primaries(): string[] {
    const ids = [...this.#roles.values()].filter(({ role }) => role === "primary").map(({ instance }) => instance);
    return ids.sort((a, b) => Number(b === this.#newPrimary) - Number(a === this.#newPrimary));
  }

  /** Why the deployment is not whole; null where it is. */
  #imperfect(): string | null {
    const { members } = this.#settings;
    const primaries = this.primaries();
    if (primaries.length === 0) return "there is no primary";
    if (primaries.length > 1) return `there are ${primaries.length} primaries: ${primaries.join(", ")}`;
    for (const id of members) {
      const obstacle = primaries.includes(id) ? null : this.#notFollowing(id);
      if (obstacle !== null) return obstacle;
    }
    return null;
  }

  /** Right after the fault all still looks as before. */
  #tooEarly(): string | null {
    return this.#fault === undefined || this.#disturbed || this.#newPrimary !== null
      ? null
      : "the fault has had no effect yet that an instance shows";
  }

  #notFollowing(id: string): string | null {
    const role = this.#roles.get(id);
    if (!role?.answers) return `${id} does not answer`;
    if (role.role !== "replica") return `${id} says that it is primary`;
    if (role.follows === null || !this.#settings.members.includes(role.follows)) return `${id} follows ${role.follows}`;
    return role.link_up ? null : `the link of ${id} to ${role.follows} is down`;
  }

  #awayFrom(primary: string): string | null {
    const away = [...this.#probes]
      .filter(([, { kind, last }]) => {
        if (kind === "sticky") return false;
        if (!served(last)) return true;
        return kind !== "reader" && last?.node !== primary;
      })
      .map(([name, { last }]) => `${name} (${last?.error ?? last?.node ?? "no answer yet"})`);
    return away.length === 0 ? null : `not back: ${away.join(", ")}`;
  }

  #acks(primary: string): Map<string, number> {
    const acks = new Map<string, number>();
    for (const [name, { kind, firstAck }] of this.#probes) {
      const at = firstAck.get(primary);
      if (kind !== "reader" && at !== undefined) acks.set(name, at);
    }
    return acks;
  }

  /** A promotion may be seen later than the first write that it let through: each is dated by what made it so. */
  #note(at: number): void {
    for (const milestone of MILESTONES) {
      if (this.missing(milestone) !== null) {
        // Wholeness that does not last is none; a promotion has been one for all that.
        if (LASTING.includes(milestone)) this.#reached.delete(milestone);
        continue;
      }
      if (this.#reached.has(milestone)) continue;
      const first = milestone === "writable" ? Math.min(...this.#acks(this.#newPrimary ?? "").values()) : at;
      this.#reached.set(milestone, first);
    }
  }
}

/** The server took it. Where no replica is left to confirm a write, its client is back all the same. */
function served(attempt: Attempt | undefined): boolean {
  return attempt?.outcome === "acked" || attempt?.error === "NOT_CONFIRMED";
}
