import { type KnownCommands, knownCommands } from "../conf/known-commands.ts";
import { majorOf, type Release } from "./release.ts";

/** A user as ACL LIST shows it, as far as it decides what the user may do. */
export interface Rights {
  readonly name: string;
  readonly on: boolean;
  /** `+@all`, `-keys`, `+config|get`, in the order in which they count. */
  readonly commands: readonly string[];
  /** `&*`, `&__sentinel__:hello`; none where nothing is said. */
  readonly channels: readonly string[];
}

/** What another release makes of the rules of one user. */
export interface RightsMoved {
  readonly name: string;
  /** Commands of the older release that the newer one refuses to it: they were put into other categories. */
  readonly lost: readonly string[];
  /** Dangerous ones that it may run from then on, new or in other categories. */
  readonly dangerous: readonly string[];
  /** How many others it may run from then on. */
  readonly gained: number;
}

/** Of whom a login is: what it may do decides whether failovers go through and replicas come back. */
export type Duty = "sentinel" | "replication";

/**
 * What Sentinel calls on a server, and a replica on its primary. Measured: one of these missing, and a failover ends in
 * `-failover-abort-slave-timeout`, or the link stays down.
 */
const NEEDED: Readonly<Record<Duty, readonly string[]>> = {
  sentinel: [
    ...["ping", "info", "subscribe", "publish", "multi", "exec", "slaveof"],
    ...["config|rewrite", "client|setname", "client|kill"],
  ],
  replication: ["ping", "replconf", "psync"],
};

const HELLO = "__sentinel__:hello";

/** Categories whose commands can stop a server, empty it or lock people out. */
const HARMFUL = ["admin", "dangerous"];

/** What becomes of the rules of each user under another release; users whose rights stay are left out. */
export function rightsMoved(users: readonly Rights[], from: Release, to: Release): RightsMoved[] {
  const [older, newer] = [commandsOf(from), commandsOf(to)];
  if (!older || !newer) return [];
  return users.flatMap((user): RightsMoved[] => {
    const [could, may] = [allowed(user.commands, older), allowed(user.commands, newer)];
    const lost = [...could].flatMap((name) => (isContainer(name, older) ? [] : refusedOf(name, newer, may)));
    const gained = [...may].filter((name) => !isContainer(name, newer) && !couldRun(name, older, could));
    const dangerous = gained.filter((name) => newer.get(name)?.some((category) => HARMFUL.includes(category)));
    // Who may do everything may do everything new, and is meant to.
    const all = [...newer.keys()].every((name) => may.has(name));
    if (lost.length === 0 && (all || gained.length === 0)) return [];
    const told = all ? [] : dangerous.sort();
    return [{ name: user.name, lost: lost.sort(), dangerous: told, gained: gained.length - told.length }];
  });
}

/** What a login would lack for its duty under a release: commands, and the channel by which Sentinels find each other. */
export function rightsMissing(user: Rights, duty: Duty, release: Release, channelsByDefault: boolean): string[] {
  const commands = commandsOf(release);
  if (!commands) return [];
  const may = allowed(user.commands, commands);
  const missing = NEEDED[duty].filter((name) => !couldRun(name, commands, may)).map((name) => `+${name}`);
  const listens = user.channels.some((rule) => ["&*", `&${HELLO}`].includes(rule));
  const open = channelsByDefault && user.channels.length === 0;
  const deaf = duty === "sentinel" && majorOf(release) >= 7 && !listens && !open;
  return [...missing, ...(deaf ? [`&${HELLO}`] : [])];
}

function commandsOf({ engine, version }: Release): KnownCommands | undefined {
  return knownCommands({ name: engine, version });
}

/** Applies rules in their order to all that a release has. Rules on what it does not know change nothing. */
function allowed(rules: readonly string[], commands: KnownCommands): Set<string> {
  const may = new Set<string>();
  for (const rule of rules) {
    const what = rule.slice(1).toLowerCase();
    const names = namesOf(what, commands);
    for (const name of names) {
      if (rule.startsWith("+")) may.add(name);
      else may.delete(name);
    }
  }
  return may;
}

function namesOf(what: string, commands: KnownCommands): string[] {
  const names = [...commands.keys()];
  if (what === "@all") return names;
  if (what.startsWith("@")) return names.filter((name) => commands.get(name)?.includes(what.slice(1)));
  // Before 7.0 no subcommand is known by name, and a rule for one lets it through all the same.
  if (what.includes("|")) return [what];
  return names.filter((name) => name === what || name.startsWith(`${what}|`));
}

function isContainer(name: string, commands: KnownCommands): boolean {
  return [...commands.keys()].some((each) => each.startsWith(`${name}|`));
}

/** Of a command that is let through, what of it is refused by then; its own help is missed by nobody. */
function refusedOf(name: string, commands: KnownCommands, may: ReadonlySet<string>): string[] {
  const parts = [...commands.keys()].filter((each) => each.startsWith(`${name}|`) && !each.endsWith("|help"));
  const all = parts.length > 0 ? parts : commands.has(name) ? [name] : [];
  return all.filter((each) => !may.has(each));
}

/** Whether it was let through, by itself or, where subcommands have no names yet, as a whole. */
function couldRun(name: string, commands: KnownCommands, could: ReadonlySet<string>): boolean {
  if (could.has(name)) return true;
  const [container = ""] = name.split("|");
  return !commands.has(name) && could.has(container);
}
