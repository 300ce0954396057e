import { actionCatalog } from "../../src/actions/catalog.ts";
import type { Action } from "../../src/actions/contract.ts";
import { schemaNode, schemaRows, TABLE_HEAD } from "./schema-table.ts";

const WHERE: Readonly<Record<Action["scope"], string>> = {
  controller: "once, on the operator's machine",
  instance: "on each targeted instance",
  host: "on each targeted host",
  any: "on each target where the step or its block has targets, else once on the operator's machine",
};

/** Every action with what it takes, what it gives and an example that works. */
export function actionReference(): string {
  const actions = [...actionCatalog().values()];
  return [
    "# Actions",
    "",
    "Generated from the code by `npm run generate`. The [guide](../guide/runbook-language.md) says what stands around an",
    "action in a step. Keys in **bold** must be there.",
    "",
    "| action | effect | what it does |",
    "| --- | --- | --- |",
    ...actions.map(({ name, effect, summary }) => `| [\`${name}\`](#${anchor(name)}) | ${effect} | ${summary} |`),
    "",
    ...actions.flatMap(section),
  ].join("\n");
}

function section(action: Action): string[] {
  const takes = schemaRows(schemaNode(action.input, "input"), "");
  const gives = schemaRows(schemaNode(action.output, "output"), "");
  return [
    `## ${action.name}`,
    "",
    `${action.summary}. Runs ${WHERE[action.scope]}; effect: \`${action.effect}\`.`,
    "",
    ...(takes.length > 0 ? ["`with`:", "", ...TABLE_HEAD, ...takes, ""] : []),
    ...(gives.length > 0 ? ["`outputs`:", "", ...TABLE_HEAD, ...gives, ""] : []),
    "```yaml",
    action.example,
    "```",
    "",
  ];
}

/** As GitHub makes it from a heading. */
function anchor(name: string): string {
  return name.replace(/[^a-z0-9_ -]/g, "");
}
