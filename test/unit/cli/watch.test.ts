import { describe, expect, it } from "vitest";
import { PLAIN_THEME } from "../../../src/cli/output/theme.ts";
import { renderStatusDiff } from "../../../src/cli/status/diff.ts";
import { renderSentinelsView } from "../../../src/cli/status/sentinels-view.ts";
import { watchStatus } from "../../../src/cli/status/watch.ts";
import { finding, node, primary, sentinel, silent, topology, verdict } from "./topologies.ts";

describe("what changed between two looks", () => {
  it("is nothing where only figures moved", () => {
    const before = { topology: topology(), verdict: verdict() };
    const nodes = [
      primary("r1:6379", { ops_per_sec: 1, used_memory: 1, offset: 9, uptime_s: 9 }),
      node("r2:6379", { lag: 12 }),
      node("r3:6379"),
    ];
    expect(renderStatusDiff(before, { topology: topology({ nodes }), verdict: verdict() }, PLAIN_THEME)).toEqual([]);
  });

  it("tells a failover line by line", () => {
    const before = {
      topology: topology(),
      verdict: verdict({ findings: [finding({ id: "old", message: "was slow" })] }),
    };
    const after = {
      topology: topology({
        nodes: [
          silent("r1:6379", "REDIS_TIMEOUT", "no answer"),
          primary("r2:6379"),
          node("r3:6379", { primary_id: "r2:6379" }),
          node("r4:6379"),
        ],
        primary_id: "r2:6379",
        sentinels: [
          sentinel("r1:26379", { up: false }),
          sentinel("r2:26379", { primary_id: "r2:6379" }),
          sentinel("r3:26379"),
        ],
      }),
      verdict: verdict({ state: "degraded", summary: "r1:6379 does not answer.", findings: [finding()] }),
    };
    expect(renderStatusDiff(before, after, PLAIN_THEME)).toMatchInlineSnapshot(`
      [
        "verdict: healthy → degraded: r1:6379 does not answer.",
        "primary: r1:6379 → r2:6379",
        "r1:6379 role: primary → ?",
        "r1:6379 state: ✔ up → ✖ no answer",
        "r2:6379 role: replica → primary",
        "r2:6379 state: ✔ link up → ✔ up",
        "r4:6379: new",
        "Sentinel r1:26379: up → down",
        "Sentinel r2:26379 sees: r1:6379 → r2:6379",
        "critical: r1:6379: the primary does not answer: connection refused",
        "no more: r1:6379: was slow",
      ]
    `);
  });
});

describe("the Sentinels' view", () => {
  it("is a matrix of what each says of every node and of the others", () => {
    const replica = (id: string, flags: string[] = ["slave"]) => ({
      address: id,
      node_id: id,
      flags,
      link_up: true,
      priority: 100,
    });
    const peer = (id: string, flags: string[] = ["sentinel"]) => ({ address: id, sentinel_id: id, run_id: id, flags });
    const sentinels = [
      sentinel("r1:26379", {
        known_replicas: [replica("r2:6379"), replica("r3:6379", ["slave", "s_down"])],
        known_sentinels: [peer("r2:26379"), peer("r3:26379", ["sentinel", "s_down"])],
      }),
      sentinel("r2:26379", {
        primary_id: "r2:6379",
        flags: ["o_down"],
        known_replicas: [],
        known_sentinels: [peer("r1:26379")],
      }),
      sentinel("r3:26379", { up: false, reach: { ok: false, code: "REDIS_TIMEOUT", message: "", next: [] } }),
    ];
    const report = { topology: topology({ sentinels }), verdict: verdict() };
    expect(renderSentinelsView(report, { theme: PLAIN_THEME, width: 80 })).toMatchInlineSnapshot(`
      "shop  sentinel mymaster  redis 7.0.15  3 nodes, 3 Sentinels  01:36:35Z

      ✔ HEALTHY  All 3 instances answer and both replicas are in step.
        Any one host may be lost: Sentinel would fail over.

      SAY OF NODES
        SENTINEL  r1:6379    r2:6379         r3:6379
        r1:26379  primary    ok              s_down
        r2:26379  unknown    primary o_down  unknown
        r3:26379  no answer  no answer       no answer

      SAY OF EACH OTHER
        SENTINEL  r1:26379   r2:26379   r3:26379
        r1:26379  self       ok         s_down
        r2:26379  ok         self       unknown
        r3:26379  no answer  no answer  no answer

      Each row is what that Sentinel says. s_down: it alone holds it to be down;
      o_down: so does a quorum.
      "
    `);
  });

  it("numbers its columns where the names do not fit", () => {
    const nodes = Array.from({ length: 9 }, (_, index) => node(`redis-${index}.example:6379`));
    const text = renderSentinelsView(
      { topology: topology({ nodes }), verdict: verdict() },
      { theme: PLAIN_THEME, width: 80 },
    );
    expect(text).toMatch(/\[9\] redis-8\.example:6379/);
  });
});

describe("a watch", () => {
  const never = () => false;

  it("shows each look with the one before it, until it is stopped", async () => {
    const stop = new AbortController();
    const shown: string[] = [];
    let count = 0;
    const last = await watchStatus({
      intervalMs: 1,
      signal: stop.signal,
      closed: never,
      look: async () => ++count,
      display: {
        show: (now, before) => {
          shown.push(`${before} ${now}`);
          if (now === 3) stop.abort();
        },
        end: () => shown.push("end"),
      },
    });
    expect(last).toBe(3);
    expect(shown).toEqual(["undefined 1", "1 2", "2 3", "end"]);
  });

  it("ends when its reader goes away", async () => {
    let looks = 0;
    const display = { show: () => {}, end: () => {} };
    await watchStatus({
      intervalMs: 1,
      signal: new AbortController().signal,
      closed: () => looks === 2,
      look: async () => ++looks,
      display,
    });
    expect(looks).toBe(2);
  });

  it("gives the terminal back when a look fails", async () => {
    let ended = false;
    const watching = watchStatus({
      intervalMs: 1,
      signal: new AbortController().signal,
      closed: never,
      look: () => Promise.reject(new Error("no")),
      display: {
        show: () => {},
        end: () => {
          ended = true;
        },
      },
    });
    await expect(watching).rejects.toThrow("no");
    expect(ended).toBe(true);
  });
});
