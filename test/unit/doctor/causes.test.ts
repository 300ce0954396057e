import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { CAUSES, causeNamed } from "../../../src/doctor/catalog.ts";
import type { Evidence } from "../../../src/doctor/model.ts";
import { diagnoseAll } from "../../../src/doctor/report.ts";
import { SYMPTOM_NAMES } from "../../../src/doctor/symptoms.ts";
import { compileByName } from "../../../src/use-cases/compile.ts";
import { RunbookStore } from "../../../src/use-cases/runbook-store.ts";
import { CASES } from "./cases.ts";
import { changed, fact, goodFacts, logged, node } from "./facts.ts";

const words = ({ where, source, value }: Evidence): string => `${where} ${source}: ${value}`;
const ALL = CAUSES.map(({ id }) => id);

describe("every cause", () => {
  it.each(ALL)("%s has nothing to say where all is well", (id) => {
    expect(causeNamed(id)?.diagnose(goodFacts())).toEqual([]);
  });

  for (const { cause, confidence, message, evidence, mend, changes } of CASES) {
    it(`${cause} is found, ${confidence}: ${message.source}`, () => {
      const found = causeNamed(cause)?.diagnose(changed(...changes)) ?? [];
      const said = found.find((each) => message.test(each.message));
      expect(found.map((each) => each.message)).toContainEqual(expect.stringMatching(message));
      expect(said).toMatchObject({ confidence });
      expect(said?.mend).toEqual(mend);
      expect(said?.evidence.map(words)).toContainEqual(expect.stringMatching(evidence));
      expect([...(said?.next ?? []), ...(said?.mend ? [said.mend.runbook] : [])]).not.toEqual([]);
    });
  }

  it("clock-jump has nothing to say where the answer was underway for too long to tell", () => {
    const clock = { synchronized: true, ahead_ms: -2_641, give_or_take_ms: 900 };
    expect(causeNamed("clock-jump")?.diagnose(changed(fact("hosts", "r1", { clock })))).toEqual([]);
  });

  it("killed-by-kernel has nothing to say of another program that reached a limit of its own", () => {
    const kills = [{ at: null, text: "Memory cgroup out of memory: Killed process 77 (java)" }];
    expect(causeNamed("killed-by-kernel")?.diagnose(changed(fact("kernels", "r1", { kills })))).toEqual([]);
  });

  it("can be found", () => {
    const found = new Set(CASES.map(({ cause }) => cause));
    expect(ALL.filter((id) => !found.has(id))).toEqual([]);
  });

  it("stands in the runbook, and in the guide", async () => {
    const { runbook } = await compileByName("doctor", new RunbookStore(packagePath("docs")));
    const step = runbook.steps.find(({ action }) => action === "doctor.diagnose");
    const values = { vars: {}, secrets: {}, run: {}, cluster: {}, topo: undefined };
    const hosts = { servers: {}, troubles: {}, processes: {}, logs: {}, hosts: {}, kernels: {}, reaches: {} };
    const steps = Object.fromEntries(Object.keys(hosts).map((id) => [id, { hosts: {} }]));
    const inputs = { symptom: null, only: "", within: "15m", slower: "1s", memory: 90, clock: "2s", down_after: "1m" };
    const asked = step?.with.render({ ...values, steps, inputs }) as { causes: string[] };
    expect([...asked.causes].sort()).toEqual([...ALL].sort());
    const guide = readFileSync(packagePath("docs", "guide", "doctor.md"), "utf8");
    expect(ALL.filter((id) => !guide.includes(`\`${id}\``))).toEqual([]);
  });

  it("names only runbooks that are shipped, with inputs that they have", async () => {
    const shipped = new Set(readdirSync(packagePath("runbooks")).map((file) => file.replace(/\.yaml$/, "")));
    const store = new RunbookStore(packagePath("docs"));
    for (const { mend } of CASES) {
      if (!mend) continue;
      expect(shipped).toContain(mend.runbook);
      const { runbook } = await compileByName(mend.runbook, store);
      expect(Object.keys(runbook.inputs)).toEqual(expect.arrayContaining(Object.keys(mend.inputs)));
    }
  });
});

describe("a report", () => {
  const broken = () =>
    changed(
      node("r2:6379", { link_up: false, link_down_s: 9 }),
      logged("r2:6379", "Unable to AUTH to MASTER: -WRONGPASS nobody's"),
      node("r1:6379", { min_replicas_to_write: 2, good_replicas: 1 }),
    );

  it("tells the worst first, and the command that mends it", () => {
    const report = diagnoseAll({ causes: ALL, symptom: null }, broken());
    expect(report.diagnoses.map(({ cause }) => cause)).toEqual(["too-few-replicas", "wrong-masterauth"]);
    expect(report.diagnoses[1]?.mend?.command).toBe(
      "redisha run fix-masterauth --deployment shop --input node=r2:6379",
    );
  });

  it("asks only causes that may show as the symptom", () => {
    const report = diagnoseAll({ causes: ALL, symptom: "writes-refused" }, broken());
    expect(report.diagnoses.map(({ cause }) => cause)).toEqual(["too-few-replicas"]);
    expect(report.asked).not.toContain("wrong-masterauth");
  });

  it("says what could not be looked at", () => {
    const facts = goodFacts();
    const logs = { ...facts.logs, "r3:6379": { read: false, why: "no way to the host", source: null, lines: [] } };
    const report = diagnoseAll({ causes: ALL, symptom: null }, { ...facts, logs });
    expect(report.diagnoses).toEqual([]);
    expect(report.not_seen).toEqual([{ where: "r3:6379", what: "log", why: "no way to the host" }]);
  });

  it("has causes for every symptom", () => {
    for (const symptom of SYMPTOM_NAMES) {
      expect(CAUSES.filter(({ symptoms }) => symptoms.includes(symptom)).length).toBeGreaterThan(0);
    }
  });
});
