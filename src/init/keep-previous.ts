import { createHash } from "node:crypto";
import { type ConfLine, directivesOf } from "../conf/conf-file.ts";
import { changingLogins } from "../credentials/changing.ts";
import type { Deployment } from "../inventory/model.ts";

/** Passwords that are being changed for others, as ACL writes them: `#` and SHA-256. */
export async function previousPasswords(deployment: Deployment): Promise<ReadonlySet<string>> {
  const all = await Promise.all(changingLogins(deployment).map(({ previous }) => previous()));
  return new Set(all.map((password) => `#${createHash("sha256").update(password).digest("hex")}`));
}

/**
 * Users as rendered; one that is let in by its previous password, too, goes on to be: applications may not have the new
 * one yet, and to take the old one away is up to `rotate`. One that is not is not let in by it again.
 */
export function keepPrevious(
  rendered: readonly ConfLine[],
  live: readonly ConfLine[],
  previous: ReadonlySet<string>,
): ConfLine[] {
  const found = directivesOf(live).filter(({ name }) => name === "user");
  return rendered.map((line) => {
    if (!("name" in line) || line.name !== "user") return line;
    const [user = "", ...rules] = line.values;
    const theirs = found.find(({ values }) => values[0] === user)?.values ?? [];
    const kept = theirs.filter((rule) => previous.has(rule) && !rules.includes(rule));
    const at = rules.findLastIndex((rule) => rule.startsWith("#")) + 1;
    return { name: "user", values: [user, ...rules.slice(0, at), ...kept, ...rules.slice(at)] };
  });
}

/** Users of a Sentinel as rendered, but `default` as it is: whoever has asked this Sentinel so far may go on to. */
export function keepDefault(rendered: readonly ConfLine[], live: readonly ConfLine[]): ConfLine[] {
  const isDefault = (line: ConfLine) => "name" in line && line.name === "user" && line.values[0] === "default";
  const found = live.find(isDefault);
  return rendered.map((line) => (found && isDefault(line) ? found : line));
}
