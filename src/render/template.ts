import { readFileSync } from "node:fs";
import { Eta } from "eta";
import { packagePath } from "../core/package-root.ts";

/** Nothing is escaped: what is rendered is configuration, and each format quotes for itself. */
const eta = new Eta({ autoEscape: false, autoTrim: false, cache: true });

/** A line that holds nothing but code leaves no line behind: eta would either keep them all or also eat those after values. */
const CODE_LINE = /^[ \t]*(<%(?![=~]).*%>)[ \t]*\n/gm;

/** Fills in a template of `templates/` by its path there, such as `redis.conf.eta`. */
export function renderTemplate(path: string, values: object): string {
  const template = readFileSync(packagePath("templates", path), "utf8").replace(CODE_LINE, "$1");
  return eta.renderString(template, values);
}
