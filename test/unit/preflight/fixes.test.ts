import { describe, expect, it } from "vitest";
import { checklistOf } from "../../../src/preflight/checklist.ts";
import { fixesIn } from "../../../src/preflight/fixes.ts";
import { judgeAll } from "../../../src/preflight/report.ts";
import { type Change, changed, config, deployment, host } from "./change.ts";

const CHECKS = ["backlog-size", "min-replicas", "output-buffers", "huge-pages", "swappiness", "default-user"];
const asked = CHECKS.map((check) => ({ check, severity: "error" as const, limits: {} }));
const checklist = checklistOf(asked, { production: {} }, { profile: "production", only: [], skip: [] });
const reported = (...changes: Change[]) => judgeAll(checklist, changed(...changes), "error");
const fixes = (...changes: Change[]) => fixesIn(reported(...changes), new Set());

describe("what --fix does", () => {
  it("is nothing where all is well", () => {
    expect(fixes()).toEqual({ directives: {}, hosts: [], checks: [] });
  });

  it("is one list of directives per instance, and the hosts to be set up", () => {
    const found = fixes(
      config("r2:6379", { "repl-backlog-size": "1048576", "min-replicas-to-write": "0" }),
      host("r1", { huge_pages: "always", swappiness: 60 }),
    );
    expect(found).toEqual({
      directives: { "r2:6379": { "repl-backlog-size": "1073741824", "min-replicas-to-write": "1" } },
      hosts: ["r1"],
      checks: ["backlog-size", "min-replicas", "huge-pages", "swappiness"],
    });
  });

  it("does not set up the machine that redisha runs on", () => {
    const report = reported(host("r1", { huge_pages: "always" }), host("r2", { huge_pages: "always" }));
    expect(fixesIn(report, new Set(["r1"])).hosts).toEqual(["r2"]);
    expect(fixesIn(report, new Set(["r1", "r2"]))).toEqual({ directives: {}, hosts: [], checks: [] });
  });

  it("raises limits, and lowers none", () => {
    const value = "normal 0 0 0 slave 1048576 536870912 60 pubsub 1 1 60";
    expect(fixes(config("r1:6379", { "client-output-buffer-limit": value })).directives).toEqual({
      "r1:6379": { "client-output-buffer-limit": "replica 268435456 536870912 60" },
    });
  });

  it("leaves alone what is waived, and a backlog for which there would have to be a decision", () => {
    const small = config("r1:6379", { "repl-backlog-size": "1048576" });
    const waived = deployment({ waivers: [{ check: "backlog-size", until: "2027-01-01", reason: "a small one" }] });
    expect(fixes(small, waived).checks).toEqual([]);
    const busy: Change = (facts) => {
      const r1 = facts.servers["r1:6379"];
      const info = { ...r1?.info, master_repl_offset: "99999999999" };
      return r1 ? { ...facts, servers: { ...facts.servers, "r1:6379": { ...r1, info } } } : facts;
    };
    expect(fixes(small, busy).checks).toEqual([]);
  });
});
