import { describe, expect, it } from "vitest";
import { agreeFirst } from "../../../src/cli/confirm.ts";
import { parseInputs } from "../../../src/cli/input-flag.ts";
import { processStreams } from "../../../src/cli/output/streams.ts";
import { PLAIN_THEME } from "../../../src/cli/output/theme.ts";
import { plainLines } from "../../../src/cli/render/plain.ts";
import { renderPlan } from "../../../src/cli/render/plan.ts";
import { rendererKind } from "../../../src/cli/render/renderer.ts";
import { progressBase, progressBegins, progressText } from "../../../src/cli/render/words.ts";
import { asUsageError, unknownCommand } from "../../../src/cli/usage-error.ts";
import { RedishaError } from "../../../src/core/errors.ts";
import type { RunEvent, RunEventBody } from "../../../src/engine/events.ts";
import type { Plan } from "../../../src/engine/plan.ts";

function event(second: number, body: RunEventBody): RunEvent {
  return { at: `2026-11-21T01:00:${String(second).padStart(2, "0")}.000Z`, run: "run-1", ...body };
}

const STORY: readonly RunEvent[] = [
  event(0, {
    type: "run_started",
    runbook: "copy",
    version: "1.0.0",
    origin: "shipped",
    deployment: "shop",
    schema: 1,
  }),
  event(0, {
    type: "step_started",
    step: "copy",
    name: "Copy it",
    action: "host.exec",
    effect: "change",
    targets: ["r1", "r2"],
    depth: 0,
  }),
  event(1, { type: "op_started", step: "copy", target: "r1", attempt: 1, commands: ["cp a b"] }),
  event(2, {
    type: "op_progress",
    step: "copy",
    target: "r1",
    message: "copied",
    done: 1_048_576,
    total: 10_485_760,
    unit: "bytes",
  }),
  event(3, {
    type: "op_progress",
    step: "copy",
    target: "r1",
    message: "copied",
    done: 2_097_152,
    total: 10_485_760,
    unit: "bytes",
  }),
  event(4, {
    type: "op_finished",
    step: "copy",
    target: "r1",
    attempt: 1,
    status: "failed",
    duration_ms: 3_000,
    will_retry_in_ms: 500,
    error: { code: "SSH_TIMEOUT", exit: 6, message: "gone\nfor now", next: [] },
  }),
  event(5, { type: "op_finished", step: "copy", target: "r1", attempt: 2, status: "changed", duration_ms: 900 }),
  event(5, { type: "op_finished", step: "copy", target: "r2", attempt: 1, status: "ok", duration_ms: 10 }),
  event(6, { type: "step_finished", step: "copy", status: "changed", duration_ms: 6_000 }),
  event(6, { type: "warning", message: "slow" }),
  event(6, { type: "run_finished", status: "done", exit: 0, duration_ms: 6_000, outputs: {} }),
];

describe("a run as plain lines", () => {
  it("says what starts and ends, with times, and progress only now and then", () => {
    const lines = plainLines(PLAIN_THEME, { verbose: false });
    expect(STORY.flatMap(lines).join("\n")).toMatchInlineSnapshot(`
      "2026-11-21T01:00:00Z run run-1: copy 1.0.0 (shipped) on shop
      2026-11-21T01:00:00Z copy: Copy it on r1, r2
      2026-11-21T01:00:02Z   r1: copied 1.0 MiB of 10.0 MiB (10%), 1.0 MiB/s, 9s left
      2026-11-21T01:00:04Z   r1: ✖ failed in 3s, again in 500ms
      2026-11-21T01:00:04Z     SSH_TIMEOUT: gone for now
      2026-11-21T01:00:05Z   r1: ✔ changed in 900ms, attempt 2
      2026-11-21T01:00:06Z copy: ✔ changed in 6s
      2026-11-21T01:00:06Z warning: slow
      2026-11-21T01:00:06Z run run-1: done, exit 0, in 6s"
    `);
  });

  it("shows every command when it is asked to", () => {
    const lines = plainLines(PLAIN_THEME, { verbose: true });
    expect(STORY.flatMap(lines).join("\n")).toContain("r1 $ cp a b");
  });
});

describe("progress", () => {
  const progress = { type: "op_progress", step: "s", target: "r1", message: "moved" } as const;

  it("tells rate and time left of the whole", () => {
    const moved = event(10, { ...progress, done: 100, total: 400, unit: "slots" }) as never;
    const base = progressBase(moved, progressBegins("2026-11-21T01:00:00Z"));
    expect(progressText(moved, base)).toBe("moved 100 slots of 400 slots (25%), 10 slots/s, 30s left");
  });

  it("reckons no rate from what was done before it began", () => {
    const before = event(0, { ...progress, done: 300, total: 400, unit: "slots" }) as never;
    const moved = event(10, { ...progress, done: 350, total: 400, unit: "slots" }) as never;
    const base = progressBase(moved, progressBase(before, progressBegins("2026-11-21T01:00:00Z")));
    expect(progressText(moved, base)).toBe("moved 350 slots of 400 slots (87%), 5 slots/s, 10s left");
  });

  it("says no more than its message where nothing is counted", () => {
    expect(progressText(event(1, progress) as never, undefined)).toBe("moved");
  });
});

describe("which renderer a run gets", () => {
  const streams = { ...processStreams({ noColour: true }, {}), animate: true };
  const terminal = { ...streams, stderr: { ...streams.stderr, isTty: true } };

  it.each([
    ["table", false, terminal, "live"],
    ["table", false, { ...terminal, animate: false }, "plain"],
    ["table", true, terminal, "quiet"],
    ["json", false, terminal, "quiet"],
    ["jsonl", true, terminal, "jsonl"],
  ])("%s, quiet %s", (format, quiet, on, kind) => {
    expect(rendererKind({ format, quiet }, on)).toBe(kind);
  });
});

describe("a plan", () => {
  it("shows each step with its certainty, targets and exact commands", () => {
    const plan: Plan = {
      schema: 1,
      run: "20261121T010000Z-abcdef",
      started_at: "2026-11-21T01:00:00.000Z",
      runbook: { name: "restart", version: "1.2.0", digest: `sha256:${"ab".repeat(32)}`, origin: "shipped" },
      deployment: "shop",
      created_at: "2026-11-21T01:00:00.000Z",
      steps: [
        step({
          step: "look",
          name: "Look",
          action: "redis.query",
          batches: [[op("r1:6379", "redis", "INFO replication")]],
        }),
        step({ step: "each", name: "One after the other", action: "block", effect: "disruptive", batches: [] }),
        step({
          step: "each.restart",
          name: "Restart it",
          action: "host.exec",
          effect: "disruptive",
          depth: 1,
          live: true,
          certainty: { kind: "conditional", on: 'host.role == "replica"' },
          batches: [
            [op("r2", "exec", "systemctl restart redis", "none")],
            [op("r3", "exec", "systemctl restart redis", [{ transport: "exec", text: "systemctl start redis" }])],
          ],
          health: [
            "while r2 is away: writes go on, 1 replica in sync",
            "while r3 is away: writes stop: too few replicas",
          ],
          point_of_no_return: true,
        }),
        step({
          step: "say",
          name: "Say so",
          action: "set",
          certainty: { kind: "known_after", step: "each" },
          batches: [],
        }),
        step({ step: "skip", name: "Not needed", action: "set", skipped: "condition", batches: [] }),
        step({ step: "few", name: "For those who lag", action: "redis.config_set", effect: "change", batches: [] }),
      ],
    };
    expect(renderPlan(plan, { theme: PLAIN_THEME, width: 80 })).toMatchInlineSnapshot(`
      "Plan of restart 1.2.0 on shop  shipped abababababab  2026-11-21T01:00:00.000Z

       1. Look [look]
          read  exact
          r1:6379  redis> INFO replication

       2. One after the other [each]
          disruptive  exact

         3. Restart it [each.restart]
            disruptive  conditional on host.role == "replica"
            targets are looked up again when the step starts
      ─── point of no return ─────────────────────────────────────────────────────────
            batch 1 of 2
            r2  $ systemctl restart redis
                ↩ stays: it is not taken back
            while r2 is away: writes go on, 1 replica in sync
            batch 2 of 2
            r3  $ systemctl restart redis
                ↩ $ systemctl start redis
            while r3 is away: writes stop: too few replicas

       4. Say so [say]
          read  known after each

       5. Not needed [skip]
          read  skipped: its condition does not hold

       6. For those who lag [few]
          change  for nobody, as things are now

      4 steps, 2 of them change something, on 2 targets.
      "
    `);
  });
});

describe("agreement", () => {
  const asked = {
    deployment: "shop",
    yes: false,
    confirm: undefined,
    streams: processStreams({ noColour: true }, {}),
    renderer: { standStill: <T>(work: () => Promise<T>) => work() },
    pause: new AbortController().signal,
    look: "look first: --dry-run",
  };

  it("is not needed for reads and plain changes", async () => {
    await expect(agreeFirst("read", "Run it on shop", asked)).resolves.toEqual([]);
    await expect(agreeFirst("change", "Run it on shop", asked)).resolves.toEqual([]);
  });

  it("is refused with exit 4 and the flag's name where there is nobody to ask", async () => {
    await expect(agreeFirst("disruptive", "Run it on shop", asked)).rejects.toMatchObject({
      exit: 4,
      next: expect.arrayContaining([expect.stringContaining("--yes")]),
    });
    await expect(agreeFirst("destructive", "Run it on shop", { ...asked, yes: true })).rejects.toMatchObject({
      exit: 4,
      next: expect.arrayContaining([expect.stringContaining("--confirm=shop")]),
    });
  });

  it("is given by --yes for what disrupts, and only by the right name for what destroys", async () => {
    await expect(agreeFirst("disruptive", "Run it on shop", { ...asked, yes: true })).resolves.toMatchObject([
      { how: "--yes" },
    ]);
    await expect(agreeFirst("destructive", "Run it on shop", { ...asked, confirm: "shop" })).resolves.toMatchObject([
      { how: "--confirm=shop", typed: "shop" },
    ]);
    await expect(agreeFirst("destructive", "Run it on shop", { ...asked, confirm: "shpo" })).rejects.toThrow(/shpo/);
  });
});

describe("what was typed wrong", () => {
  it("gets the nearest command and the nearest flag", () => {
    expect(unknownCommand("runbook lst", ["status", "runbook:list"]).next[0]).toBe(
      "did you mean: redisha runbook list",
    );
    const parse = Object.assign(new Error("Nonexistent flag: --wathc"), { parse: {}, flags: ["--wathc"] });
    expect(asUsageError(parse, { id: "status", flags: { watch: {}, wide: {} } })).toMatchObject({
      exit: 2,
      next: ["did you mean: --watch", "redisha status --help"],
    });
  });

  it("is a usage error where a flag does not take the value, whoever found it out", () => {
    const number = new Error("Parsing --replicas \n\tExpected an integer but received: abc\nSee more help with --help");
    expect(asUsageError(number, { id: "lab:up", flags: {} })).toMatchObject({
      code: "USAGE",
      exit: 2,
      message: "--replicas: Expected an integer but received: abc",
      next: ["redisha lab up --help"],
    });
    const duration = new RedishaError({ code: "USAGE", message: "not a duration: 5", exit: 2, next: ["write 5s"] });
    duration.message = `Parsing --interval \n\t${duration.message}\nSee more help with --help`;
    expect(asUsageError(duration, { id: "status", flags: {} })).toMatchObject({
      message: "--interval: not a duration: 5",
      next: ["write 5s"],
    });
  });

  it("never repeats the value of an unknown flag, which may be a password", () => {
    const parse = Object.assign(new Error("Nonexistent flag: --password=hunter2"), {
      parse: {},
      flags: ["--password=hunter2"],
    });
    expect(String(asUsageError(parse, { id: "status", flags: {} }))).not.toContain("hunter2");
  });

  it("is said of inputs", () => {
    expect(parseInputs(["a=1", "b=x=y", "c="])).toEqual({ a: "1", b: "x=y", c: "" });
    expect(() => parseInputs(["a"])).toThrow(/NAME=VALUE/);
    expect(() => parseInputs(["a=1", "a=2"])).toThrow(/twice/);
  });
});

function step(
  differences: Partial<Plan["steps"][number]> & { step: string; name: string; action: string },
): Plan["steps"][number] {
  return { effect: "read", depth: 0, certainty: { kind: "exact" }, batches: [], live: false, ...differences };
}

type PlannedOp = Plan["steps"][number]["batches"][number][number];

function op(target: string, transport: "redis" | "exec", text: string, undo: PlannedOp["undo"] = null): PlannedOp {
  return { target, commands: [{ transport, text }], undo };
}
