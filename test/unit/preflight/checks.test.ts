import { describe, expect, it } from "vitest";
import { CHECKS, checkNamed } from "../../../src/preflight/catalog.ts";
import { FAILOVER_CASES } from "./cases-failover.ts";
import { HOST_CASES } from "./cases-hosts.ts";
import { changed, SILENT } from "./change.ts";
import { goodFacts } from "./facts.ts";

const CASES = [...FAILOVER_CASES, ...HOST_CASES];

describe("every check", () => {
  it.each(CHECKS.map((check) => [check.id, check] as const))("%s has nothing to say where all is well", (_, check) => {
    const outcomes = check.judge(goodFacts(), {});
    expect(outcomes.length).toBeGreaterThan(0);
    const odd = outcomes.filter(
      ({ verdict, measured }) => verdict !== "pass" && !/its replicas were asked/.test(measured),
    );
    expect(odd).toEqual([]);
  });

  for (const [id, verdict, subject, measured, change, limits = {}] of CASES) {
    it(`${id} says ${verdict} of ${subject}: ${measured.source}`, () => {
      const outcome = checkNamed(id)
        ?.judge(changed(change), limits)
        .find((each) => each.subject === subject);
      expect(outcome).toMatchObject({ verdict, measured: expect.stringMatching(measured) });
    });
  }

  it("can fail", () => {
    const failing = new Set(
      CASES.filter(([, verdict]) => ["fail", "warn", "unknown"].includes(verdict)).map(([id]) => id),
    );
    expect(CHECKS.map(({ id }) => id).filter((id) => !failing.has(id))).toEqual([]);
  });

  it("says of an instance that does not answer that it is not known, but for the one that asks whether it does", () => {
    for (const check of CHECKS.filter(({ id }) => id !== "instances-answer")) {
      const said = check.judge(changed(SILENT), {}).filter(({ subject }) => subject === "r2:6379");
      expect(said.map(({ verdict }) => verdict)).toEqual(said.map(() => "unknown"));
    }
  });

  it("names in wanted what its limits say", () => {
    expect(checkNamed("backlog-size")?.wanted({ least: "2gb" })).toMatch(/2.0 GiB/);
  });
});
