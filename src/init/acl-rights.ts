/** Commands by category, as ACL CAT tells them; subcommands as `client|id` where the server has rules for them. */
export type Categories = ReadonlyMap<string, readonly string[]>;

/**
 * Which commands rules of ACL allow, rule by rule as the server reads them: however it spells them out again, rules that
 * allow the same are the same. Subcommands that only a rule names count, too.
 */
export function allowedBy(rules: readonly string[], categories: Categories, named: readonly string[]): Set<string> {
  const all = new Set([...[...categories.values()].flat(), ...named]);
  const allowed = new Set<string>();
  const known = new Set([...categories.values()].flat());
  for (const rule of rules) {
    const [sign, what] = splitRule(rule);
    if (what === undefined) continue;
    for (const command of commandsOf(what, all, known, categories)) {
      if (sign === "+") allowed.add(command);
      else allowed.delete(command);
    }
  }
  // A container of subcommands does nothing by itself, and servers leave it out where they name all of these.
  for (const command of known) allowed.delete(command.slice(0, Math.max(0, command.indexOf("|"))));
  return allowed;
}

/** Commands and subcommands that rules name. */
export function namedIn(rules: readonly string[]): string[] {
  return rules.flatMap((rule) => {
    const [, what] = splitRule(rule);
    return what === undefined || what.startsWith("@") ? [] : [what];
  });
}

function splitRule(rule: string): [sign: string, what: string | undefined] {
  if (rule === "allcommands") return ["+", "@all"];
  if (rule === "nocommands") return ["-", "@all"];
  return /^[+-]./.test(rule) ? [rule.slice(0, 1), rule.slice(1).toLowerCase()] : ["", undefined];
}

/** A command brings its subcommands along; so does a category that has the command. */
function commandsOf(
  what: string,
  all: ReadonlySet<string>,
  known: ReadonlySet<string>,
  categories: Categories,
): string[] {
  const direct = what === "@all" ? [...all] : what.startsWith("@") ? (categories.get(what.slice(1)) ?? []) : [what];
  return direct.flatMap((command) => [
    command,
    // A server that has rules for subcommands puts each into categories of its own.
    ...[...all].filter((each) => each.startsWith(`${command}|`) && !(what.startsWith("@") && known.has(each))),
  ]);
}
