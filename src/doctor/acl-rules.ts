/**
 * Whether rules of an ACL user, in the order of ACL LIST, allow a command (`slaveof`, `config|rewrite`). Undefined where that
 * depends on what a category holds, which differs by version.
 */
export function mayRun(rules: readonly string[], command: string): boolean | undefined {
  let may: boolean | undefined = false;
  for (const rule of rules) {
    const adds = rule.startsWith("+");
    const name = rule.slice(1).toLowerCase();
    if (name === "@all") may = adds;
    else if (name.startsWith("@")) may = may === adds ? may : undefined;
    else if (name === command || command.startsWith(`${name}|`)) may = adds;
  }
  return may;
}
