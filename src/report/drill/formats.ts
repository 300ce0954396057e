import type { DrillReport } from "../../drill/report-schema.ts";
import { drillHtml } from "./html.ts";
import { drillMarkdown } from "./markdown.ts";

export const DRILL_FORMATS = ["md", "html"] as const;

const WRITERS = { md: drillMarkdown, html: drillHtml };

/** The report of a drill as a text to keep. */
export function drillText(report: DrillReport, format: (typeof DRILL_FORMATS)[number]): string {
  return WRITERS[format](report);
}
