import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { describe as describeRunbook } from "../../../src/runbook/describe.ts";
import { graphOf } from "../../../src/runbook/graph.ts";
import { runbookJsonSchema } from "../../../src/runbook/json-schema.ts";
import { CATALOG, compileText, complaints, UPGRADE } from "./dummy-catalog.ts";

describe("the guide", () => {
  it("starts with a runbook that compiles", () => {
    const guide = readFileSync(new URL("../../../docs/guide/runbook-language.md", import.meta.url), "utf8");
    const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(guide) ?? [];
    expect(example).toContain("apiVersion");
    expect(complaints(example)).toEqual([]);
  });
});

describe("a rolling upgrade written as a runbook", () => {
  const runbook = compileText(UPGRADE);

  it("compiles without a complaint", () => {
    expect(complaints(UPGRADE)).toEqual([]);
    expect(runbook.steps.map(({ id }) => id)).toEqual([
      ...["quorum", "preflight", "package_exists", "go", "backup"],
      ...["replicas", "switchover", "old_primary", "sentinels", "done"],
    ]);
    expect(runbook.source.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it("lets reads go to all targets at once and changes to one after the other, where nothing else is said", () => {
    const rollout = Object.fromEntries([...runbook.steps, ...runbook.finally].map((step) => [step.id, step.rollout]));
    expect(rollout.quorum?.batches).toEqual(["all"]);
    expect(rollout.unpause?.batches).toEqual([1]);
    expect(rollout.sentinels?.batches).toEqual([1, { percent: 50 }]);
  });

  it("gives a block the effect of the worst of its steps", () => {
    expect(runbook.steps.find(({ id }) => id === "replicas")?.effect).toBe("disruptive");
    expect(runbook.steps.find(({ id }) => id === "backup")?.effect).toBe("read");
  });

  it("takes a pause between batches from an input", () => {
    const pause = runbook.steps.find(({ id }) => id === "replicas")?.rollout.pauseBetween;
    const empty = { vars: {}, secrets: {}, run: {}, cluster: {}, topo: {}, steps: {} };
    expect(pause?.render({ ...empty, inputs: { soak: "90s" } })).toBe("90s");
    expect(pause?.reads).toEqual(["inputs.soak"]);
  });

  it("fills in time limits and retries", () => {
    const switchover = runbook.steps.find(({ id }) => id === "switchover");
    expect(switchover).toMatchObject({
      timeoutMs: 120_000,
      onFailure: "pause",
      retry: {
        attempts: 5,
        delayMs: 2_000,
        backoff: 1,
        maxDelayMs: 60_000,
        jitter: false,
        on: ["NOGOODSLAVE", "INPROG"],
      },
      verify: { withinMs: 30_000 },
    });
    expect(runbook.steps[0]?.timeoutMs).toBe(60_000);
  });

  it("can be drawn, every step once per place it runs in", () => {
    const graph = graphOf(runbook);
    expect(graph).toContain("flowchart TD");
    expect(graph).toContain('switchover -->|"point of no return"| old_primary');
    expect(graph.match(/^ *\w+_fence\[/gm)).toHaveLength(2);
    expect(graph.match(/subgraph/g)).toHaveLength((graph.match(/^ *end$/gm) ?? []).length);
    // A bare < would be read as HTML, a bare quote would end the label.
    expect(graph.replaceAll("<br/>", "").replace(/<\/?i>/g, "")).not.toMatch(/\["[^\n]*<[^\n]*"\]/);
  });

  it("can be read by people", () => {
    const text = describeRunbook(runbook);
    expect(text).toContain("# sentinel-rolling-upgrade 1.0.0");
    expect(text).toContain("| `soak` | a duration such as 30s, 5m or 1h30m | `30s` |  |");
    expect(text).toContain("   - **point of no return** if `vars.crosses_rdb`");
    expect(text).toContain("   - undo: `redis.config_set`");
  });

  it("is valid by the schema that editors use, and a typo in it is not", () => {
    const validate = new Ajv({ strict: false, allErrors: true }).compile(runbookJsonSchema(CATALOG));
    expect(validate(parse(UPGRADE)), JSON.stringify(validate.errors)).toBe(true);
    expect(validate(parse(UPGRADE.replace('value: "0" }', 'value: "0", valeu: "1" }')))).toBe(false);
    expect(validate(parse(UPGRADE.replace("on_failure: rollback", "onfailure: rollback")))).toBe(false);
  });
});
