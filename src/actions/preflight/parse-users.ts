import type { UserFacts } from "../../preflight/facts.ts";

/** Reads ACL LIST. `printOf` turns the hash of a password into what may be kept of it. */
export function parseUsers(lines: readonly string[], printOf: (hash: string) => string): UserFacts[] {
  return lines.flatMap((line) => {
    // What stands in parentheses are further sets of rules (7.0), which let through more and never less.
    const words = line.replace(/\([^)]*\)/g, " ").split(/\s+/);
    const [keyword, name] = words;
    if (keyword !== "user" || name === undefined) return [];
    const rules = words.slice(2);
    const of = (start: string) => rules.filter((rule) => rule.startsWith(start)).map((rule) => rule.slice(1));
    return [
      {
        name,
        on: rules.includes("on"),
        nopass: rules.includes("nopass"),
        passwords: of("#").map(printOf),
        commands: rules.filter((rule) => /^[+-]/.test(rule)),
        keys: rules.includes("allkeys") ? ["*"] : of("~"),
      },
    ];
  });
}
