import type { EventError } from "./events.ts";
import type { OpFacts } from "./facts.ts";
import { asRecord } from "./frame.ts";
import type { JournalEntry } from "./journal-entry.ts";

/** An op that is known to have changed something, or may have. */
export interface PastOp {
  readonly step: string;
  readonly target: string;
  readonly effect: string;
  /** As captured before the first attempt: a retry finds what an earlier attempt left. */
  readonly before?: Readonly<Record<string, unknown>>;
  readonly commands: readonly string[];
  /** An intent without an outcome, or an outcome that says so. */
  readonly inDoubt: boolean;
  /** It was begun to be taken back, and nothing tells whether it was. */
  readonly undoInDoubt: boolean;
  readonly facts?: OpFacts;
}

/** An undo that a host holds, and carries out by itself when the run is silent for longer than the lease. */
export interface ArmedUndo {
  readonly step: string;
  readonly target: string;
  readonly host: string;
  /** Of the watchdog on the host. */
  readonly id: string;
  readonly leaseMs: number;
}

interface Slot {
  step: string;
  target: string;
  effect: string;
  before?: Readonly<Record<string, unknown>>;
  commands: readonly string[];
  open: boolean;
  facts?: OpFacts;
  undone: boolean;
  undoOpen: boolean;
}

const SETTLED: readonly string[] = ["ok", "changed"];

/**
 * What the journal says of each op of a run, so far. It answers what resume and rollback ask: what is done, what is in
 * doubt, what was changed and in which order, what has been taken back. Pure: it is fed with entries.
 */
export class History {
  readonly #ops = new Map<string, Slot>();
  readonly #vars = new Map<string, Readonly<Record<string, unknown>>>();
  /** Paths of what was started since the run last came to an end. */
  readonly #recent = new Set<string>();
  #goingBack: EventError | undefined;
  readonly #armed = new Map<string, ArmedUndo>();
  #pointOfNoReturn: string | undefined;

  take(entry: JournalEntry): void {
    switch (entry.kind) {
      case "vars":
        this.#vars.set(entry.path, entry.values);
        break;
      case "point_of_no_return":
        this.#pointOfNoReturn ??= entry.step;
        break;
      case "intent":
        this.#intent(entry);
        break;
      case "outcome":
        this.#outcome(entry);
        break;
      case "settled":
        if (entry.undo) this.#undoSettled(entry.step, entry.target, entry.took_effect);
        else this.#settled(entry.step, entry.target, entry.took_effect, entry.partial === true);
        break;
      case "continued":
        if (entry.how === "rollback") this.#forgetRecent();
        break;
      case "going_back":
        this.#goingBack = entry.reason;
        break;
      case "paused":
        if (entry.step !== undefined) this.#forgetWithin(entry.step);
        break;
      case "run_finished":
        this.#forgetRecent();
        break;
      case "armed": {
        const { step, target, host, id, lease_ms } = entry;
        this.#armed.set(key(step, target), { step, target, host, id, leaseMs: lease_ms });
        break;
      }
      case "disarmed":
        this.#armed.delete(key(entry.step, entry.target));
        break;
      case "restored_by_host":
        this.#restored(entry.step, entry.target, entry.ok);
        break;
      default:
    }
  }

  /** The op's facts where it is done and need not run again. */
  done(step: string, target: string): OpFacts | undefined {
    const slot = this.#ops.get(key(step, target));
    if (!slot || slot.open || slot.undone || !slot.facts || !SETTLED.includes(slot.facts.status)) return undefined;
    return slot.facts;
  }

  /** The op where it was started and nothing tells how it ended. */
  inDoubt(step: string, target: string): PastOp | undefined {
    const slot = this.#ops.get(key(step, target));
    return slot && isInDoubt(slot) ? past(slot) : undefined;
  }

  /** The op's facts, however it ended; undefined where it was not started or nothing tells how it ended. */
  settled(step: string, target: string): OpFacts | undefined {
    const slot = this.#ops.get(key(step, target));
    return slot?.open ? undefined : slot?.facts;
  }

  /** Whether any of these steps, or one inside them, was started since the run last came to an end. */
  began(path: string, ids: readonly string[]): boolean {
    const heads = ids.flatMap((id) => [`${path}${id}`, `${path}${id}.`, `${path}${id}[`]);
    return [...this.#recent].some((step) =>
      heads.some((head) => (/[.[]$/.test(head) ? step.startsWith(head) : step === head)),
    );
  }

  /** Why the run had begun to go back by itself, where it did not come to the end of it. */
  get goingBack(): EventError | undefined {
    return this.#goingBack;
  }

  /** What the op captured before its first attempt. */
  before(step: string, target: string): Readonly<Record<string, unknown>> | undefined {
    const slot = this.#ops.get(key(step, target));
    return slot?.undone ? undefined : slot?.before;
  }

  /** Ops that changed something, or may have, and are not taken back: the last one first. */
  toUndo(): PastOp[] {
    return [...this.#ops.values()]
      .filter((slot) => slot.effect !== "read" && !slot.undone)
      .filter((slot) => isInDoubt(slot) || slot.facts?.changed === true)
      .map(past)
      .reverse();
  }

  /** Whether anything was changed and taken back. */
  get tookBack(): boolean {
    return [...this.#ops.values()].some(({ undone, facts }) => undone && facts?.changed === true);
  }

  /** Facts of every op, done or failed, for expressions of undo. */
  all(): PastOp[] {
    return [...this.#ops.values()].map(past);
  }

  /** Undos that hosts hold, as far as is known: in the order in which they were armed. */
  armed(): ArmedUndo[] {
    return [...this.#armed.values()];
  }

  vars(path: string): Readonly<Record<string, unknown>> | undefined {
    return this.#vars.get(path);
  }

  /** The step after which going back is not possible, once it was started. */
  get pointOfNoReturn(): string | undefined {
    return this.#pointOfNoReturn;
  }

  #intent(entry: Extract<JournalEntry, { kind: "intent" }>): void {
    const id = key(entry.step, entry.target);
    const known = this.#ops.get(id);
    if (entry.undo) {
      if (known) known.undoOpen = true;
      return;
    }
    this.#recent.add(entry.step);
    const before = known && !known.undone ? (known.before ?? entry.before) : entry.before;
    // Ops are undone in the reverse order of their last start.
    this.#ops.delete(id);
    this.#ops.set(id, {
      step: entry.step,
      target: entry.target,
      effect: entry.effect,
      commands: entry.commands,
      open: true,
      undone: false,
      undoOpen: false,
      ...(before ? { before } : {}),
      // A change that an earlier attempt made still stands if this one fails.
      ...(known?.facts?.changed && !known.undone ? { facts: known.facts } : {}),
    });
  }

  #outcome(entry: Extract<JournalEntry, { kind: "outcome" }>): void {
    const id = key(entry.step, entry.target);
    const known = this.#ops.get(id);
    if (entry.undo) {
      if (!known) return;
      known.undoOpen = false;
      known.undone = SETTLED.includes(entry.status);
      return;
    }
    this.#recent.add(entry.step);
    const slot = known ?? emptySlot(entry.step, entry.target);
    slot.open = false;
    slot.facts = {
      status: entry.status,
      changed: entry.status === "changed" || entry.partial === true || (slot.facts?.changed ?? false),
      outputs: asRecord(entry.outputs),
      ...(slot.before ? { before: slot.before } : {}),
      ...(entry.error ? { error: entry.error } : {}),
    };
    this.#ops.set(id, slot);
  }

  /** A host has carried out the undo that it held: the op is taken back, however it had ended. */
  #restored(step: string, target: string, ok: boolean): void {
    this.#armed.delete(key(step, target));
    const slot = this.#ops.get(key(step, target));
    if (!slot || !ok) return;
    slot.open = false;
    slot.undone = true;
    slot.undoOpen = false;
    if (slot.facts) slot.facts = { ...slot.facts, status: slot.facts.error ? "failed" : "changed" };
  }

  #undoSettled(step: string, target: string, tookEffect: boolean): void {
    const slot = this.#ops.get(key(step, target));
    if (!slot) return;
    slot.undoOpen = false;
    slot.undone = tookEffect;
  }

  /** What a step holds has come to its end when that step has failed: tidied up, and begun anew when the run goes on. */
  #forgetWithin(path: string): void {
    const inside = [...this.#recent].filter((step) => step.startsWith(`${path}.`) || step.startsWith(`${path}[`));
    for (const step of inside) this.#recent.delete(step);
  }

  #forgetRecent(): void {
    this.#recent.clear();
    this.#goingBack = undefined;
  }

  #settled(step: string, target: string, tookEffect: boolean, partial: boolean): void {
    const slot = this.#ops.get(key(step, target));
    if (!slot) return;
    slot.open = false;
    slot.facts = {
      status: tookEffect ? "changed" : "failed",
      changed: tookEffect || partial,
      outputs: {},
      ...(slot.before ? { before: slot.before } : {}),
    };
  }
}

/** What only reads is run again: how it ended is never in doubt. */
function isInDoubt(slot: Slot): boolean {
  if (slot.effect === "read") return false;
  return slot.open || slot.facts?.status === "in_doubt" || slot.facts?.status === "cancelled";
}

function past(slot: Slot): PastOp {
  const { step, target, effect, commands } = slot;
  return {
    step,
    target,
    effect,
    commands,
    inDoubt: isInDoubt(slot),
    undoInDoubt: slot.undoOpen,
    ...(slot.before ? { before: slot.before } : {}),
    ...(slot.facts ? { facts: slot.facts } : {}),
  };
}

/** A read leaves an outcome without an intent. */
function emptySlot(step: string, target: string): Slot {
  return { step, target, effect: "read", commands: [], open: false, undone: false, undoOpen: false };
}

function key(step: string, target: string): string {
  return `${step}@${target}`;
}
