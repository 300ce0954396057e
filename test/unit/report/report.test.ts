import { describe, expect, it } from "vitest";
import { PLAIN_THEME } from "../../../src/cli/output/theme.ts";
import { renderRuns } from "../../../src/cli/runs/render-list.ts";
import { renderStory } from "../../../src/cli/runs/render-show.ts";
import { renderPlannedRollback } from "../../../src/cli/runs/render-undo.ts";
import { renderVerified } from "../../../src/cli/runs/render-verify.ts";
import { History } from "../../../src/engine/history.ts";
import type { JournalEntry, JournalLine } from "../../../src/engine/journal-entry.ts";
import type { RunState } from "../../../src/engine/run-state.ts";
import { htmlReport } from "../../../src/report/html.ts";
import { markdownReport } from "../../../src/report/markdown.ts";
import { storySchema } from "../../../src/report/story.ts";
import { tellRun } from "../../../src/report/tell.ts";
import type { RunDetail } from "../../../src/use-cases/runs.ts";

const RUN = "20261121T013015Z-9f3a1c";
const who = { user: "ada", controller: "laptop", pid: 4711, process_started: 1, boot: "b" };

const START: JournalEntry = {
  kind: "run_started",
  ...{ schema: 1, run: RUN, started_at: "2026-11-21T01:30:15.000Z", runbook: "tune", version: "1.0.0" },
  ...{ ref: "/etc/redisha/tune.yaml", digest: "sha256:aa", deployment: "shop", inventory: "/etc/redisha/redisha.yaml" },
  inputs: { micros: 4711 },
  ...who,
};
const intent = (step: string, target: string, command: string, undo = false): JournalEntry => ({
  kind: "intent",
  ...{ step, target, attempt: 1, effect: "change", commands: [command], undo },
  ...(undo ? {} : { before: { value: "10000" } }),
});
const outcome = (step: string, target: string, undo = false): JournalEntry => ({
  kind: "outcome",
  ...{ step, target, attempt: 1, status: "changed", duration_ms: 12, undo },
});
const PAUSED: JournalEntry = {
  kind: "paused",
  reason: {
    ...{ code: "OP_IN_DOUBT", exit: 7, message: "Nothing tells whether it took effect.", host: "r1:6379" },
    ...{ state: "paused; nothing was started since", next: ["look at r1:6379"] },
  },
};

/** A run as its journal would be read: a line per entry, a second apart. */
function detailOf(state: RunState, entries: readonly JournalEntry[], fault: string | null = null): RunDetail {
  const history = new History();
  for (const entry of entries) history.take(entry);
  const at = (index: number) => new Date(Date.parse("2026-11-21T01:30:15.000Z") + index * 1_000).toISOString();
  const lines = entries.map((entry, index): JournalLine => ({ seq: index + 1, prev: "", at: at(index), ...entry }));
  const record = {
    ...{ run: RUN, runbook: "tune", deployment: "shop", state, started_at: at(0), last_at: at(entries.length - 1) },
    ...{ user: "ada", controller: "laptop", exit: 7, journal: `/state/runs/${RUN}.jsonl` },
  };
  const held = history.armed().map(({ step, target, host, leaseMs }) => {
    const armed_at = lines.find((line) => line.kind === "armed" && line.step === step)?.at ?? "";
    return { step, target, host, lease_ms: leaseMs, armed_at };
  });
  return { record, lines, ops: history.all(), to_undo: history.toUndo(), held, digest: "d".repeat(64), fault };
}

const PAUSED_RUN = detailOf("paused", [
  START,
  { kind: "approval", what: "Run tune on shop? It disrupts clients for a while.", how: "--yes", user: "ada" },
  intent("replicas", "r2:6379", "CONFIG SET slowlog-log-slower-than 4711"),
  outcome("replicas", "r2:6379"),
  { kind: "outcome", step: "look", target: "controller", attempt: 1, status: "ok", duration_ms: 3, undo: false },
  intent("primary", "r1:6379", "CONFIG SET slowlog-log-slower-than 4711"),
  { kind: "invariant", id: "all_up", assert: "topo.nodes.all(n, n.up)", action: "pause" },
  PAUSED,
]);

const op = (step: string, target: string) => ({ step, target });
const armed = (step: string, target: string, host: string): JournalEntry => ({
  kind: "armed",
  ...{ ...op(step, target), host, id: "0011223344556677", lease_ms: 60_000 },
});
const restored = (step: string, target: string, host: string, ok: boolean): JournalEntry => ({
  kind: "restored_by_host",
  ...{ ...op(step, target), host, host_at: "2026-11-21T01:30:18Z", ok },
});

/** What hosts were given to hold: one has let go, one has put back, one could not, one still waits. */
const ARMED_RUN = detailOf("interrupted", [
  START,
  armed("kept", "r1:6379", "r1"),
  intent("kept", "r1:6379", "CONFIG SET maxclients 1"),
  outcome("kept", "r1:6379"),
  armed("relax", "r2:6379", "r2"),
  intent("relax", "r2:6379", "CONFIG SET min-replicas-to-write 0"),
  outcome("relax", "r2:6379"),
  armed("pause", "r3:6379", "r3"),
  intent("pause", "r3:6379", "CLIENT PAUSE 60000"),
  outcome("pause", "r3:6379"),
  { kind: "disarmed", ...op("kept", "r1:6379") },
  restored("relax", "r2:6379", "r2", true),
  restored("pause", "r3:6379", "r3", false),
  armed("fence", "r3:6379", "r3"),
]);

describe("the story of a run", () => {
  it("says what became of the undos that hosts hold, and which they hold still", () => {
    const story = storySchema.parse(tellRun(ARMED_RUN));
    expect(story.armed.map(({ kind, step }) => `${kind} ${step}`)).toEqual([
      ...["armed kept", "armed relax", "armed pause", "disarmed kept"],
      ...["restored_by_host relax", "restored_by_host pause", "armed fence"],
    ]);
    expect(story.held).toEqual([
      { ...op("fence", "r3:6379"), host: "r3", lease_ms: 60_000, armed_at: "2026-11-21T01:30:28.000Z" },
    ]);
    expect(story.to_undo).toEqual([op("pause", "r3:6379"), op("kept", "r1:6379")]);
  });

  it("pairs each intent with its outcome, and leaves open what has none", () => {
    const story = storySchema.parse(tellRun(PAUSED_RUN));
    expect(story.ops.map(({ step, target, effect, status }) => [step, target, effect, status])).toEqual([
      ["replicas", "r2:6379", "change", "changed"],
      ["look", "controller", "read", "ok"],
      ["primary", "r1:6379", "change", "open"],
    ]);
    expect(story.in_doubt).toEqual([{ step: "primary", target: "r1:6379" }]);
  });

  it("says of an op in doubt what settled it later, and knows what was taken back", () => {
    const story = tellRun(
      detailOf("rolled_back", [
        ...PAUSED_RUN.lines,
        { kind: "continued", how: "rollback", ...who, digest: "sha256:bb" },
        { kind: "settled", step: "primary", target: "r1:6379", took_effect: false, by: "operator" },
        intent("replicas", "r2:6379", "CONFIG SET slowlog-log-slower-than 10000", true),
        outcome("replicas", "r2:6379", true),
        { kind: "run_finished", status: "rolled_back", exit: 0 },
      ]),
    );
    expect(story.ops[2]).toMatchObject({ status: "open", settled: "did not take effect, by operator" });
    expect(story.ops[3]).toMatchObject({ step: "replicas", undo: true, status: "changed" });
    expect(story).toMatchObject({ in_doubt: [], to_undo: [] });
    expect(story.sittings[1]).toMatchObject({ how: "rollback", changed_runbook: true });
  });

  it("does not offer to go on with what was given up for good", () => {
    const cancelled = (next: string[]) => {
      const error = { code: "INTERRUPTED", exit: 130 as const, message: "Stopped by SIGINT.", next };
      const end = { kind: "run_finished" as const, status: "cancelled" as const, exit: 130 as const, error };
      return tellRun(detailOf("cancelled", [...PAUSED_RUN.lines, end])).next.join("\n");
    };
    const resume = `redisha runs resume ${PAUSED_RUN.record.run}`;
    expect(cancelled(["redisha status"])).not.toContain("resume");
    expect(cancelled(["redisha status"])).toContain("rollback");
    expect(cancelled([`go on: ${resume}`])).toContain(resume);
  });

  it("offers no way back behind the point of no return", () => {
    const passed = detailOf("failed", [...PAUSED_RUN.lines, { kind: "point_of_no_return", step: "primary" }]);
    expect(tellRun(passed).next.join("\n")).not.toContain("rollback");
    expect(tellRun(PAUSED_RUN).next.join("\n")).toContain("rollback");
  });
});

describe("runs on the terminal", () => {
  const theme = PLAIN_THEME;

  it("are shown step by step, with what is open and what to type", () => {
    expect(renderStory(tellRun(PAUSED_RUN), { theme, width: 80 })).toMatchInlineSnapshot(`
      "▲ paused  tune 1.0.0 on shop  20261121T013015Z-9f3a1c
        Paused: it waits for the operator; 1 op changed something, 1 in doubt.
        2026-11-21 01:30:15 UTC run by ada@laptop
        7s from the first line to the last
        inputs micros=4711

      01:30:17.000 ✔ replicas r2:6379  changed  12ms
                     $ CONFIG SET slowlog-log-slower-than 4711
                     before: value=10000
      01:30:18.997 ✔ look controller  ok  3ms
      01:30:20.000 ? primary r1:6379  no outcome
                     $ CONFIG SET slowlog-log-slower-than 4711
                     before: value=10000

      Approvals
        01:30:16.000 ada --yes: Run tune on shop? It disrupts clients for a while.

      Violated invariants
        01:30:21.000 all_up: pause

      In doubt
        primary@r1:6379

      Changed and not taken back, in the order of going back
        primary@r1:6379
        replicas@r2:6379

      Why it ended
        OP_IN_DOUBT: Nothing tells whether it took effect.
        State: paused; nothing was started since

      Next
        redisha runs resume 20261121T013015Z-9f3a1c
        redisha runs resume 20261121T013015Z-9f3a1c --done primary@r1:6379
        redisha runs resume 20261121T013015Z-9f3a1c --redo primary@r1:6379
        redisha runs rollback 20261121T013015Z-9f3a1c --dry-run
      journal /state/runs/20261121T013015Z-9f3a1c.jsonl (8 lines, sha256 dddddddddddd)"
    `);
  });

  it("show what hosts put back by themselves, and what they hold still", () => {
    expect(renderStory(tellRun(ARMED_RUN), { theme, width: 100 })).toMatchInlineSnapshot(`
      "▲ interrupted  tune 1.0.0 on shop  20261121T013015Z-9f3a1c
        Interrupted: its process is gone and it has no end; 3 ops changed something, 1 put back by its
        host, nothing is in doubt.
        2026-11-21 01:30:15 UTC run by ada@laptop
        13s from the first line to the last
        inputs micros=4711

      01:30:16.000 · kept r1:6379  undo armed on r1, lease 1m 00s
      01:30:17.000 ✔ kept r1:6379  changed  12ms
                     $ CONFIG SET maxclients 1
                     before: value=10000
      01:30:19.000 · relax r2:6379  undo armed on r2, lease 1m 00s
      01:30:20.000 ✔ relax r2:6379  changed  12ms
                     $ CONFIG SET min-replicas-to-write 0
                     before: value=10000
      01:30:22.000 · pause r3:6379  undo armed on r3, lease 1m 00s
      01:30:23.000 ✔ pause r3:6379  changed  12ms
                     $ CLIENT PAUSE 60000
                     before: value=10000
      01:30:25.000 · kept r1:6379  undo disarmed
      01:30:26.000 ↩ relax r2:6379  put back by r2 itself, 2026-11-21 01:30:18 UTC by its clock
      01:30:27.000 ✖ pause r3:6379  undo failed on r3, which gave up, 2026-11-21 01:30:18 UTC by its clock
      01:30:28.000 · fence r3:6379  undo armed on r3, lease 1m 00s

      Changed and not taken back, in the order of going back
        pause@r3:6379
        kept@r1:6379

      Held by hosts, as far as the journal knows
        r3 puts fence@r3:6379 back by itself within 1m 00s of the last sign of life (armed 01:30:28.000)

      Next
        redisha runs resume 20261121T013015Z-9f3a1c
        redisha runs rollback 20261121T013015Z-9f3a1c --dry-run
      journal /state/runs/20261121T013015Z-9f3a1c.jsonl (14 lines, sha256 dddddddddddd)"
    `);
  });

  it("are listed the newest first, within the width", () => {
    const { record } = PAUSED_RUN;
    const runs = [record, { ...record, state: "unreliable" as const, runbook: "?", started_at: "" }];
    const now = Date.parse("2026-11-21T03:30:15.000Z");
    expect(renderRuns(runs, { theme, width: 100, now })).toMatchInlineSnapshot(`
      "RUN                      RUNBOOK  DEPLOYMENT  STATE                   STARTED (UTC)     AGO
      20261121T013015Z-9f3a1c  tune     shop        ▲ paused                2026-11-21 01:30   2h
      20261121T013015Z-9f3a1c  ?        shop        ✖ journal not reliable  –                   –"
    `);
    expect(renderRuns(runs, { theme, width: 60, now }).split("\n")[0]).toBe(
      "RUN                      RUNBOOK  DEPLOYMENT  STATE                   AGO",
    );
  });

  it("are verified with a word for each journal", () => {
    const one = { run: RUN, ok: true, lines: 12, digest: "ab", fault: null, exit: 0 };
    const journals = [one, { ...one, ok: false, fault: "line 4 was changed", exit: 10 }];
    expect(renderVerified({ journals }, theme)).toMatchInlineSnapshot(`
      "✔ holds  20261121T013015Z-9f3a1c  12 lines  ab
      ✖ broken  20261121T013015Z-9f3a1c  line 4 was changed"
    `);
  });

  it("show what going back would do", () => {
    const op = {
      step: "replicas",
      target: "r2:6379",
      how: "undo",
      in_doubt: false,
      commands: ["CONFIG SET a b"],
    } as const;
    const ops = [{ ...op, how: "kept" as const, in_doubt: true, commands: [] }, op];
    expect(renderPlannedRollback({ run: RUN, ops }, theme)).toMatchInlineSnapshot(`
      "Going back from run 20261121T013015Z-9f3a1c would, in this order:
        1. leave replicas on r2:6379: its step has no way back  if it took effect, which is found out first
        2. take back replicas on r2:6379
           $ CONFIG SET a b"
    `);
    expect(renderPlannedRollback({ run: RUN, ops: [] }, theme)).toContain("changed nothing");
  });
});

describe("a report", () => {
  it("in Markdown holds everything that a change ticket asks for", () => {
    expect(markdownReport(tellRun(PAUSED_RUN))).toMatchInlineSnapshot(`
      "# tune 1.0.0 on shop: paused

      Paused: it waits for the operator; 1 op changed something, 1 in doubt.

      |  |  |
      | --- | --- |
      | Run | \`20261121T013015Z-9f3a1c\` |
      | Outcome | paused, exit 7 |
      | When | 2026-11-21 01:30:15 UTC to 2026-11-21 01:30:22 UTC (7s) |
      | Who | 2026-11-21 01:30:15 UTC run by \`ada@laptop\` |
      | Deployment | shop (\`/etc/redisha/redisha.yaml\`) |
      | Runbook | \`/etc/redisha/tune.yaml\` \`sha256:aa\` |
      | Inputs | \`micros=4711\` |

      ## Why it ended

      \`OP_IN_DOUBT\` on \`r1:6379\`: Nothing tells whether it took effect.

      State: paused; nothing was started since

      - look at r1:6379

      ## What happened

      | Time (UTC) | Step | Target | Status | Took |
      | --- | --- | --- | --- | --- |
      | 01:30:17.000 | \`replicas\` | \`r2:6379\` | changed | 12ms |
      | 01:30:18.997 | \`look\` | \`controller\` | ok | 3ms |
      | 01:30:20.000 | \`primary\` | \`r1:6379\` | no outcome |  |

      ## What was sent

      - 01:30:17.000 \`replicas\` on \`r2:6379\`: changed
        - \`$ CONFIG SET slowlog-log-slower-than 4711\`
        - before: \`value=10000\`
      - 01:30:20.000 \`primary\` on \`r1:6379\`: no outcome
        - \`$ CONFIG SET slowlog-log-slower-than 4711\`
        - before: \`value=10000\`

      ## Approvals

      - 01:30:16.000 \`ada\` \`--yes\`: Run tune on shop? It disrupts clients for a while.

      ## Invariants

      - 01:30:21.000 \`all_up\` did not hold (\`topo.nodes.all(n, n.up)\`): pause

      ## In doubt

      - \`primary@r1:6379\`

      ## Changed and not taken back, in the order of going back

      1. \`primary@r1:6379\`
      2. \`replicas@r2:6379\`

      ## Next

      - \`redisha runs resume 20261121T013015Z-9f3a1c\`
      - \`redisha runs resume 20261121T013015Z-9f3a1c --done primary@r1:6379\`
      - \`redisha runs resume 20261121T013015Z-9f3a1c --redo primary@r1:6379\`
      - \`redisha runs rollback 20261121T013015Z-9f3a1c --dry-run\`

      ## Proof

      The journal \`/state/runs/20261121T013015Z-9f3a1c.jsonl\` has 8 lines; the SHA-256 of the last one stands for all of them:
      \`dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\`
      To check: \`redisha runs verify 20261121T013015Z-9f3a1c\`
      "
    `);
  });

  it("says in both formats what hosts put back by themselves, and what they hold still", () => {
    const story = tellRun(ARMED_RUN);
    const markdown = markdownReport(story);
    expect(
      markdown.slice(markdown.indexOf("## What happened"), markdown.indexOf("## What was")),
    ).toMatchInlineSnapshot(`
      "## What happened

      | Time (UTC) | Step | Target | Status | Took |
      | --- | --- | --- | --- | --- |
      | 01:30:16.000 | \`kept\` | \`r1:6379\` | undo armed on r1, lease 1m 00s |  |
      | 01:30:17.000 | \`kept\` | \`r1:6379\` | changed | 12ms |
      | 01:30:19.000 | \`relax\` | \`r2:6379\` | undo armed on r2, lease 1m 00s |  |
      | 01:30:20.000 | \`relax\` | \`r2:6379\` | changed | 12ms |
      | 01:30:22.000 | \`pause\` | \`r3:6379\` | undo armed on r3, lease 1m 00s |  |
      | 01:30:23.000 | \`pause\` | \`r3:6379\` | changed | 12ms |
      | 01:30:25.000 | \`kept\` | \`r1:6379\` | undo disarmed |  |
      | 01:30:26.000 | \`relax\` | \`r2:6379\` | put back by r2 itself, 2026-11-21 01:30:18 UTC by its clock |  |
      | 01:30:27.000 | \`pause\` | \`r3:6379\` | undo failed on r3, which gave up, 2026-11-21 01:30:18 UTC by its clock |  |
      | 01:30:28.000 | \`fence\` | \`r3:6379\` | undo armed on r3, lease 1m 00s |  |

      "
    `);
    expect(markdown.slice(markdown.indexOf("## Held"), markdown.indexOf("## Next"))).toMatchInlineSnapshot(`
      "## Held by hosts, as far as the journal knows

      - r3 puts fence@r3:6379 back by itself within 1m 00s of the last sign of life (armed 01:30:28.000)

      "
    `);
    const page = htmlReport(story);
    for (const words of [
      "undo armed on r2, lease 1m 00s",
      "undo disarmed",
      "put back by r2 itself, 2026-11-21 01:30:18 UTC by its clock",
      "undo failed on r3, which gave up, 2026-11-21 01:30:18 UTC by its clock",
      "r3 puts fence@r3:6379 back by itself within 1m 00s of the last sign of life",
    ])
      expect(page).toContain(words);
  });

  it("in HTML holds the same, and asks nothing of a network", () => {
    const page = htmlReport(tellRun(PAUSED_RUN));
    for (const words of [
      RUN,
      "ada@laptop",
      "CONFIG SET slowlog",
      "value=10000",
      "--yes",
      "all_up",
      "OP_IN_DOUBT",
      "d".repeat(64),
    ])
      expect(page).toContain(words);
    expect(page).not.toMatch(/<(script|link|img|iframe)|\b(src|href)=|url\(|@import/i);
    expect(page).toContain("prefers-color-scheme: dark");
  });

  // A key, a host's answer and a runbook's words come from others.
  it.each([
    ["<script>alert(1)</script>", "script"],
    ["</code></pre><img src=x onerror=alert(1)>", "img"],
    ["`` | **bold** [x](javascript:alert(1)) <b>", "markdown"],
    ["line\nbreak\u001b[31m | cell", "control"],
  ])("does no harm with %j in it", (evil) => {
    const story = tellRun(
      detailOf("failed", [
        { ...START, deployment: evil, inputs: { [evil]: evil }, runbook: evil } as JournalEntry,
        { kind: "approval", what: evil, how: evil, user: evil },
        { ...intent(evil, evil, evil), before: { [evil]: evil } } as JournalEntry,
        {
          kind: "outcome",
          step: evil,
          target: evil,
          attempt: 1,
          status: "failed",
          duration_ms: 1,
          undo: false,
          outputs: { evil },
          error: { code: evil, exit: 1, message: evil, host: evil, state: evil, next: [evil] },
        },
        { kind: "invariant", id: evil, assert: evil, action: evil },
        { kind: "armed", step: evil, target: evil, host: evil, id: evil, lease_ms: 10_000 },
        { kind: "armed", step: "x", target: evil, host: evil, id: evil, lease_ms: 10_000 },
        { kind: "restored_by_host", step: evil, target: evil, host: evil, host_at: evil, ok: false },
      ]),
    );
    const page = htmlReport(story);
    expect(page).not.toMatch(/<(script|img|b)\b/);
    const markdown = markdownReport(story);
    const outside = markdown.replace(/(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, "");
    expect(outside).not.toMatch(/<(script|img|b)\b/);
    expect(outside).not.toMatch(/(?<!\\)\[x(?<!\\)\]/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(markdown).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    const rows = markdown.split("\n").filter((line) => line.startsWith("| 01:"));
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(6);
  });
});
