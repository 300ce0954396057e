import type { InputSpec, Runbook } from "../../runbook/model.ts";
import { renderTable } from "../output/table.ts";
import { oneLine } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";

/** What a runbook takes, as data. */
export interface ShownRunbook {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly origin: string;
  readonly path: string;
  readonly digest: string;
  readonly requires: Runbook["requires"];
  readonly inputs: readonly ShownInput[];
  /** The file as it stands. */
  readonly text: string;
}

interface ShownInput {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default: unknown;
  readonly description: string | null;
}

export function toShown(runbook: Runbook, text: string): ShownRunbook {
  const { name, version, description, source, requires } = runbook;
  const inputs = Object.entries(runbook.inputs).map(([key, input]) => shownInput(key, input));
  return {
    name,
    version,
    description,
    origin: source.origin,
    path: source.path,
    digest: source.digest,
    requires,
    inputs,
    text,
  };
}

function shownInput(name: string, input: InputSpec): ShownInput {
  return {
    name,
    type: input.values ? input.values.join("|") : input.type,
    required: input.required,
    default: input.default ?? null,
    description: input.description ?? null,
  };
}

/** Whose file it is and the inputs it takes: remarks beside the text of the file, which is the data. */
export function renderShown(
  shown: ShownRunbook,
  { theme, width }: { theme: Theme; width: number | undefined },
): string {
  const whose = shown.origin === "shipped" ? "shipped with redisha" : "your own";
  const lines = [`${theme.strong(`${shown.name} ${shown.version}`)}  ${whose}: ${shown.path}`];
  if (shown.inputs.length > 0) {
    lines.push(
      renderTable(
        [{ header: "INPUT" }, { header: "TYPE" }, { header: "DEFAULT" }, { header: "WHAT IT IS", shrinkTo: 20 }],
        shown.inputs.map((input) => [
          input.name,
          input.type,
          input.default === null ? (input.required ? "required" : theme.symbols.none) : String(input.default),
          oneLine(input.description ?? ""),
        ]),
        { theme, indent: 2, ...(width === undefined ? {} : { width }) },
      ),
    );
  }
  return lines.join("\n");
}
