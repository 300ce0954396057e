import { packagePath } from "../../src/core/package-root.ts";
import type { Check } from "../../src/preflight/model.ts";
import { compileByName } from "../../src/use-cases/compile.ts";
import { checksOf } from "../../src/use-cases/preflight-checks.ts";
import { RunbookStore } from "../../src/use-cases/runbook-store.ts";
import { schemaNode, schemaRows, TABLE_HEAD } from "./schema-table.ts";

/** Every check of preflight: what it weighs in each profile, why, how it is measured, how it is mended. */
export async function checkReference(): Promise<string> {
  const { runbook } = await compileByName("preflight", new RunbookStore(packagePath("docs")));
  const { checks, profiles } = checksOf(runbook, {});
  const weights = new Map(
    profiles.map((profile) => {
      const listed = checksOf(runbook, { profile }).checks;
      return [profile, new Map(listed.map(({ check, severity }) => [check.id, severity]))] as const;
    }),
  );
  const weight = (profile: string, id: string) => weights.get(profile)?.get(id) ?? "off";
  return [
    "# Checks of preflight",
    "",
    "Generated from the code and from the runbook `preflight` by `npm run generate`. The [guide](../guide/preflight.md) says how to",
    "run them, and how to change what they weigh. In the order in which they are told: what hurts most comes first.",
    "",
    `| check | what should be so | ${profiles.join(" | ")} |`,
    `| --- | --- | ${profiles.map(() => "---").join(" | ")} |`,
    ...checks.map(
      ({ check: { id, title } }) =>
        `| [\`${id}\`](#${id}) | ${title} | ${profiles.map((profile) => weight(profile, id)).join(" | ")} |`,
    ),
    "",
    ...checks.flatMap(({ check, limits }) => section(check, limits)),
  ].join("\n");
}

function section(check: Check, limits: Readonly<Record<string, unknown>>): string[] {
  const { id, title, why, how, mend, documentation, fixes } = check;
  const rows = schemaRows(schemaNode(check.limits, "input"), "");
  return [
    `## ${id}`,
    "",
    `**${title}.** Wanted: ${check.wanted(limits)}.`,
    "",
    why,
    "",
    `*How it is measured:* ${how}`,
    "",
    "*How to mend it:*",
    "",
    ...mend.map((line) => `- ${line}`),
    ...(fixes === undefined ? [] : [`- \`redisha preflight --fix --only ${id}\` ${fixes}`]),
    "",
    ...(rows.length > 0 ? ["`limits`:", "", ...TABLE_HEAD, ...rows, ""] : []),
    `[Documentation](${linkOf(documentation)})`,
    "",
  ];
}

/** Pages of ours are told by their path from the package's root. */
function linkOf(documentation: string): string {
  return documentation.replace(/^docs\//, "../");
}
