import { createHash } from "node:crypto";
import { ownVersion } from "../../core/own-version.ts";
import type { Checked, PreflightReport } from "../../preflight/report.ts";
import { adviceOf, casesOf, isFine, lineOf, type ReportCase } from "./cases.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";
const LEVELS = { error: "error", warning: "warning", info: "note" } as const;

/**
 * SARIF 2.1.0: a rule per check, a result per finding. `file` is the redisha.yaml, as it is told to others: it is the one
 * file that all findings belong to.
 */
export function renderSarif(report: PreflightReport, file: string): string {
  const found = casesOf(report).filter(({ result }) => result.weight !== null);
  const document = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "redisha preflight", version: ownVersion(), rules: report.checks.map(ruleOf) } },
        automationDetails: { id: `preflight/${report.deployment}/` },
        invocations: [{ executionSuccessful: true, endTimeUtc: report.checked_at }],
        results: found.map((each) => resultOf(each, report, file)),
      },
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function ruleOf({ check, title, why, how, mend, documentation, severity }: Checked) {
  const level = severity === "off" ? "none" : LEVELS[severity];
  return {
    id: check,
    name: check,
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: [how, ...mend, documentation].join("\n") },
    ...(/^https:/.test(documentation) ? { helpUri: documentation } : {}),
    defaultConfiguration: { level },
  };
}

function resultOf(each: ReportCase, report: PreflightReport, file: string) {
  const { check, result } = each;
  return {
    ruleId: check.check,
    ruleIndex: report.checks.indexOf(check),
    level: LEVELS[result.weight ?? "info"],
    kind: "fail",
    message: { text: [lineOf(each), ...adviceOf(each)].join("\n") },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: encodeURI(file) }, region: { startLine: 1 } },
        logicalLocations: [{ name: result.subject, fullyQualifiedName: `${report.deployment}/${result.subject}` }],
      },
    ],
    // What was measured changes from run to run; the finding is the same.
    partialFingerprints: { finding: printOf([report.deployment, check.check, result.subject]) },
    ...(isFine(each) && result.waived
      ? { suppressions: [{ kind: "external", status: "accepted", justification: result.waived.reason }] }
      : {}),
  };
}

function printOf(words: readonly string[]): string {
  return createHash("sha256").update(words.join("\0")).digest("hex").slice(0, 32);
}
