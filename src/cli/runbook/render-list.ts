import type { ListedRunbook } from "../../use-cases/list-runbooks.ts";
import { renderTable } from "../output/table.ts";
import { oneLine } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";

/** The runbooks there are, whose they are, and the worst that each does. */
export function renderRunbooks(
  runbooks: readonly ListedRunbook[],
  { theme, width }: { theme: Theme; width: number | undefined },
): string {
  return renderTable(
    [
      { header: "NAME" },
      { header: "VERSION", dropOrder: 1 },
      { header: "WHOSE" },
      { header: "EFFECT" },
      { header: "WHAT IT DOES", shrinkTo: 20 },
    ],
    runbooks.map((runbook) => [
      { text: runbook.name, paint: theme.strong },
      runbook.version ?? theme.symbols.none,
      runbook.origin === "shipped" ? "shipped" : runbook.origin === "ejected" ? "your copy" : "yours",
      runbook.effect ?? theme.symbols.none,
      runbook.valid
        ? oneLine(runbook.description ?? "")
        : { text: `${theme.symbols.bad} not valid: redisha runbook validate ${runbook.name}`, paint: theme.bad },
    ]),
    { theme, ...(width === undefined ? {} : { width }) },
  );
}
