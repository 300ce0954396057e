import { ANYWHERE, covers, type Network, overlap } from "./network.ts";
import { isAbout, type UfwRule, ufwWords } from "./ufw-rules.ts";

/** The firewall of a host as it is. */
export interface FirewallState {
  readonly active: boolean;
  /** Rules of both families for what comes in, each family in its order. */
  readonly rules: readonly UfwRule[];
  /** What becomes of packets that no rule is about. */
  readonly policy: "accept" | "drop" | "reject";
}

/** Who has to get through to a port. */
export interface Need {
  readonly from: Network;
  readonly port: number;
  /** ssh: the way in. deployment: without it the deployment falls apart. others: operators and applications. */
  readonly kind: "ssh" | "deployment" | "others";
}

export interface RulePlan {
  /** Words behind `ufw`, in order: at no moment in between is the way in closed. */
  readonly commands: readonly (readonly string[])[];
  /** Why the rules must not be put in place: others' rules stand in the way. */
  readonly problems: readonly string[];
  /** What an operator should know: others' rules that let more in, or keep some of the allowed out. */
  readonly notes: readonly string[];
  /** The rules as they are afterwards. */
  readonly rules: readonly UfwRule[];
}

/**
 * Pure: the ufw commands that let in who has to get in, and nobody else, to the ports of a deployment. Rules with its
 * comment are its own, and go when they are not needed any more; those of others stay as they are. What lets SSH in comes
 * before any rule that would keep it out.
 */
export function planRules(state: FirewallState, needs: readonly Need[], comment: string): RulePlan {
  const ports = unique(needs.filter(({ kind }) => kind !== "ssh").map(({ port }) => port));
  const ssh = needs.filter(({ kind }) => kind === "ssh").map(({ from, port }) => waysIn(from, port, comment));
  const data = needs.filter(({ kind }) => kind !== "ssh").map(({ from, port }) => allow(from, port, comment));
  // Where everything is let in that no rule is about, the ports are closed one by one, behind what lets in.
  const closing =
    state.policy === "accept" ? ports.flatMap((port) => ANYWHERE.map((any) => deny(any, port, comment))) : [];
  const denied = closing.filter((rule) => !data.some((other) => same(other, rule)));
  const due = [...ssh.flat(), ...data, ...denied];

  const stale = state.rules.filter(
    (rule) => isOwn(rule, comment) && !due.some((other) => same(other, rule) && other.action === rule.action),
  );
  const ufw = new Rehearsal(state.rules, comment);
  const problems: string[] = [];
  // What is to become its opposite goes first. What let in goes last, so that nobody is kept out in between.
  const [leaving, opposite] = divide(
    stale,
    (rule) => rule.action === "allow" && !due.some((other) => same(other, rule)),
  );
  for (const rule of opposite) ufw.delete(rule);
  ufw.forget(leaving);
  for (const ways of ssh) problems.push(...letIn(ufw, ways));
  const missing = data.filter((rule) => !ufw.find(rule));
  const isLate = (rule: UfwRule) =>
    missing.some(({ ports: port, from }) => port === rule.ports && from.family === rule.from.family);
  for (const rule of denied) if (isOwn(ufw.find(rule), comment) && isLate(rule)) ufw.delete(rule);
  for (const rule of [...missing, ...denied]) if (!ufw.find(rule)) ufw.append(rule);
  for (const rule of leaving) ufw.delete(rule);

  const { blocked, narrowed } = keptOut(ufw.rules, needs);
  const notes = [...narrowed, ...openings(ufw.rules, needs, ports, comment)];
  return {
    commands: ufw.commands,
    problems: unique([...problems, ...blocked]),
    notes: unique(notes),
    rules: ufw.rules,
  };
}

/** What ufw makes of the commands, and the commands. */
class Rehearsal {
  readonly commands: string[][] = [];
  readonly #comment: string;
  #rules: readonly UfwRule[];

  constructor(rules: readonly UfwRule[], comment: string) {
    this.#rules = rules;
    this.#comment = comment;
  }

  get rules(): readonly UfwRule[] {
    return this.#rules;
  }

  find(rule: UfwRule): UfwRule | undefined {
    return this.#rules.find((other) => same(other, rule));
  }

  /** They are still there, but are not to be relied on. */
  forget(rules: readonly UfwRule[]): void {
    this.#rules = this.#rules.filter((rule) => !rules.includes(rule));
  }

  delete(rule: UfwRule): void {
    this.#rules = this.#rules.filter((other) => !(same(other, rule) && other.action === rule.action));
    this.commands.push(["delete", ...ufwWords(rule)]);
  }

  prepend(rule: UfwRule): void {
    this.#rules = [rule, ...this.#rules];
    this.commands.push(["prepend", ...ufwWords(rule), "comment", this.#comment]);
  }

  append(rule: UfwRule): void {
    this.#rules = [...this.#rules, rule];
    this.commands.push([...ufwWords(rule), "comment", this.#comment]);
  }

  isOwn(rule: UfwRule): boolean {
    return isOwn(rule, this.#comment);
  }
}

/** Lets SSH in by one of the ways to say so; gives why it cannot be. */
function letIn(ufw: Rehearsal, [rule, other]: readonly [UfwRule, UfwRule]): string[] {
  const { from, ports } = rule;
  const there = [rule, other].flatMap((way) => ufw.find(way) ?? []);
  const { passes, by } = verdict(ufw.rules, from, Number(ports));
  if (passes && there.some(({ action }) => action === "allow")) return [];
  for (const late of there) if (ufw.isOwn(late)) ufw.delete(late);
  // ufw knows a rule by what it matches: another's cannot be had twice, so that it is said in other words.
  const free = [rule, other].find((way) => !ufw.find(way));
  if (free) ufw.prepend(free);
  return free ? [] : [`${inWords(by)} keeps ${from.text} from SSH on port ${ports}`];
}

/** Who is kept out by rules of others: what the deployment cannot do without, and the rest. */
function keptOut(rules: readonly UfwRule[], needs: readonly Need[]): { blocked: string[]; narrowed: string[] } {
  const blocked: string[] = [];
  const narrowed: string[] = [];
  for (const { from, port, kind } of needs) {
    const { passes, by } = verdict(rules, from, port);
    if (passes || !by || kind === "ssh") continue;
    const said = `${inWords(by)} stands before what lets ${from.text} reach port ${port}`;
    (kind === "deployment" ? blocked : narrowed).push(said);
  }
  return { blocked, narrowed };
}

/**
 * Whether everything from there gets through to a TCP port, by the first rule that is about it; what only may match counts
 * where it keeps out, and not where it lets in. `by` is the rule that keeps it out, undefined where the policy does.
 */
function verdict(rules: readonly UfwRule[], from: Network, port: number): { passes: boolean; by?: UfwRule } {
  for (const rule of rules) {
    if (!isAbout(rule, port) || !overlap(rule.from, from)) continue;
    if (rule.action !== "allow") return { passes: false, by: rule };
    if (!rule.narrowed && covers(rule.from, from)) return { passes: true };
  }
  return { passes: false };
}

/** Rules of others that let in whom redisha.yaml does not name. */
function openings(
  rules: readonly UfwRule[],
  needs: readonly Need[],
  ports: readonly number[],
  comment: string,
): string[] {
  return rules
    .filter(({ action, comment: whose }) => whose !== comment && (action === "allow" || action === "limit"))
    .flatMap((rule) => {
      const open = ports.filter(
        (port) => isAbout(rule, port) && !needs.some((need) => need.port === port && covers(need.from, rule.from)),
      );
      return open.length === 0 ? [] : [`${inWords(rule)} lets ${rule.from.text} reach port ${open.join(", ")}`];
    });
}

function allow(from: Network, port: number, comment: string): UfwRule {
  return { action: "allow", proto: "tcp", ports: String(port), from, narrowed: false, comment };
}

/** Two ways to say the same for SSH. */
function waysIn(from: Network, port: number, comment: string): readonly [UfwRule, UfwRule] {
  const rule = allow(from, port, comment);
  return [rule, { ...rule, proto: "any" }];
}

function deny(from: Network, port: number, comment: string): UfwRule {
  return { ...allow(from, port, comment), action: "deny" };
}

/** By what it matches, as ufw compares them: whether it lets in or keeps out does not make it another rule. */
function same(a: UfwRule, b: UfwRule): boolean {
  return keyOf(a) === keyOf(b);
}

function isOwn(rule: UfwRule | undefined, comment: string): boolean {
  return rule !== undefined && rule.comment === comment && !rule.narrowed;
}

function keyOf({ proto, ports, from, narrowed }: UfwRule): string {
  return `${proto} ${ports} ${from.text}${narrowed ? " narrowed" : ""}`;
}

function inWords(rule: UfwRule | undefined): string {
  if (!rule) return "the policy for what no rule is about";
  return `\`ufw ${ufwWords(rule).join(" ")}\`${rule.comment ? ` (${rule.comment})` : ""}`;
}

function divide<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
