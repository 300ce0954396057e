import { formatBytes, formatDuration } from "../../core/units.ts";
import type { Sizing } from "../../size/sizing.ts";
import { wrap } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";

type Need = Sizing["needs"][number];

/** What is needed, a line each, and below it how that was reckoned. */
export function renderSizing({ needs }: Sizing, { theme, width }: { theme: Theme; width: number }): string {
  const titles = Math.max(...needs.map(({ title }) => title.length));
  const values = Math.max(...needs.map((need) => valueText(need).length));
  const lines = needs.map((need) => {
    const lead = `${theme.strong(need.title.padEnd(titles))}  ${valueText(need).padStart(values)}  `;
    return wrap(theme.dim(need.how), width, lead, " ".repeat(titles + values + 4));
  });
  return `${lines.join("\n")}\n`;
}

function valueText({ value, unit }: Need): string {
  if (unit === "bytes") return formatBytes(value);
  if (unit === "bytes/s") return `${formatBytes(value)}/s`;
  return unit === "ms" ? formatDuration(value) : value.toLocaleString("en");
}
