import { describe, expect, it } from "vitest";
import { displayWidth } from "../../../src/cli/output/text.ts";
import { PLAIN_THEME, themeFor } from "../../../src/cli/output/theme.ts";
import { renderStatus } from "../../../src/cli/status/render-status.ts";
import { finding, node, primary, sentinel, silent, topology, verdict } from "./topologies.ts";

const plain = { theme: PLAIN_THEME, width: 80 };

function widest(text: string): number {
  return Math.max(...text.split("\n").map(displayWidth));
}

describe("the status view", () => {
  it("shows a healthy Sentinel deployment on one screen of 80 columns", () => {
    const text = renderStatus(topology(), verdict(), plain);
    expect(text).toMatchInlineSnapshot(`
      "shop  sentinel mymaster  redis 7.0.15  3 nodes, 3 Sentinels  01:36:35Z

      ✔ HEALTHY  All 3 instances answer and both replicas are in step.
        Any one host may be lost: Sentinel would fail over.

      NODE        ROLE     STATE      LAG       MEM  OPS/S  SAVED
      r1:6379     primary  ✔ up         –  1.2G 20%   1.2k  aof rdb 4m
      ├─ r2:6379  replica  ✔ link up    0  1.2G 20%   1.2k  aof rdb 4m
      └─ r3:6379  replica  ✔ link up    0  1.2G 20%   1.2k  aof rdb 4m

      SENTINELS  3 of 3 up, quorum 2, majority 2, all see r1:6379 as primary
      "
    `);
    expect(widest(text)).toBeLessThanOrEqual(80);
  });

  it("puts the verdict and each reason with its next command before everything else", () => {
    const text = renderStatus(
      topology({
        nodes: [
          silent("r1:6379", "REDIS_REFUSED", "connection refused"),
          node("r2:6379", { link_up: false, link_down_s: 200, lag: 5_242_880, lag_s: 12 }),
          node("r3:6379", { sync_in_progress: true, sync_left_bytes: 1_300_000_000, link_up: false }),
        ],
        sentinels: [
          sentinel("r1:26379", { up: false, reach: { ok: false, code: "REDIS_REFUSED", message: "", next: [] } }),
          sentinel("r2:26379", { flags: ["s_down", "o_down"], others_reachable: 1 }),
          sentinel("r3:26379", { primary_id: "r2:6379", others_reachable: 1 }),
        ],
        views: [
          { source: "configured", primary_id: "r1:6379", address: null },
          { source: "sentinel r2:26379", primary_id: "r1:6379", address: null },
          { source: "sentinel r3:26379", primary_id: "r2:6379", address: null },
        ],
      }),
      verdict({
        state: "critical",
        summary: "No primary takes writes.",
        tolerance: { failures: -1, text: "Writes are not possible now.", limited_by: [] },
        findings: [
          finding(),
          finding({
            id: "sentinels_disagree",
            subject: "mymaster",
            message:
              "2 Sentinels take different instances for the primary, and what they say has been so for longer than a failover takes",
            next: [],
          }),
        ],
      }),
      plain,
    );
    expect(text).toMatchInlineSnapshot(`
      "shop  sentinel mymaster  redis 7.0.15  3 nodes, 3 Sentinels  01:36:35Z

      ✖ CRITICAL  No primary takes writes.
        Writes are not possible now.

        ✖ critical r1:6379: the primary does not answer: connection refused
          → redisha doctor --host r1
        ✖ critical mymaster: 2 Sentinels take different instances for the primary, and
          what they say has been so for longer than a failover takes

      NODE        ROLE     STATE                LAG       MEM  OPS/S  SAVED
      r1:6379     ?        ✖ refused              –         –      –  –
      ├─ r2:6379  replica  ✖ link down 3m    5M 12s  1.2G 20%   1.2k  aof rdb 4m
      └─ r3:6379  replica  ▲ full sync 1.2G       0  1.2G 20%   1.2k  aof rdb 4m

      SENTINELS  2 of 3 up, quorum 2, majority 2
        SENTINEL  STATE      SEES AS PRIMARY  AND SAYS       OTHERS UP
        r1:26379  ✖ refused  –                –              –
        r2:26379  ✔ up       r1:6379          s_down,o_down  1 of 2
        r3:26379  ✔ up       r2:6379          –              1 of 2
        r1:6379 is the primary by: configured, sentinel r2:26379
        r2:6379 is the primary by: sentinel r3:26379
      "
    `);
    expect(widest(text)).toBeLessThanOrEqual(80);
  });

  it("tells what is the same for many once, and everything with wide", () => {
    const missing = (subject: string) =>
      finding({
        id: "instance_unreachable",
        severity: "warning",
        subject,
        message: `${subject} gave no answer: PASSWORD is not set`,
        next: ["export PASSWORD"],
      });
    const look = verdict({ findings: [missing("r1:6379"), missing("r2:6379"), missing("r3:6379")] });
    const text = renderStatus(topology(), look, { theme: PLAIN_THEME, width: 80 });
    expect(text.split("export PASSWORD")).toHaveLength(2);
    expect(text).toMatch(/the same: r2:6379,\s+r3:6379/);
    const wide = renderStatus(topology(), look, { theme: PLAIN_THEME, width: 80, wide: true });
    expect(wide.split("export PASSWORD")).toHaveLength(4);
  });

  it("spends one line on each reason where the screen is low, and none on remarks", () => {
    const look = verdict({
      state: "degraded",
      summary: "Degraded: a; tolerates nothing.",
      findings: [
        finding({ severity: "warning", message: "a".repeat(200), next: ["type this", "or that"] }),
        finding({ severity: "warning", message: "b".repeat(200), next: ["type another"] }),
        finding({ severity: "info", message: "a remark" }),
      ],
    });
    const text = renderStatus(topology(), look, { theme: PLAIN_THEME, width: 80, brief: true });
    expect(text).toContain("type this");
    expect(text).not.toMatch(/or that|type another|a remark/);
    expect(text.split("\n").filter((line) => line.includes("bbb"))).toHaveLength(1);
    expect(widest(text)).toBeLessThanOrEqual(80);
  });

  it("hangs sub-replicas below the replica that they follow", () => {
    const text = renderStatus(
      topology({
        kind: "replication",
        master_name: null,
        sentinels: [],
        nodes: [
          node("r4:6379", { primary_id: "r2:6379", listed: false }),
          node("r3:6379"),
          node("r2:6379"),
          node("r5:6379", { primary_id: "r2:6379" }),
          primary("r1:6379"),
        ],
      }),
      verdict(),
      plain,
    );
    expect(text).toMatchInlineSnapshot(`
      "shop  replication  redis 7.0.15  5 nodes  01:36:35Z

      ✔ HEALTHY  All 3 instances answer and both replicas are in step.
        Any one host may be lost: Sentinel would fail over.

      NODE           ROLE     STATE      LAG       MEM  OPS/S  SAVED
      r1:6379        primary  ✔ up         –  1.2G 20%   1.2k  aof rdb 4m
      ├─ r2:6379     replica  ✔ link up    0  1.2G 20%   1.2k  aof rdb 4m
      │  ├─ r4:6379  replica  ✔ link up    0  1.2G 20%   1.2k  aof rdb 4m
      │  └─ r5:6379  replica  ✔ link up    0  1.2G 20%   1.2k  aof rdb 4m
      └─ r3:6379     replica  ✔ link up    0  1.2G 20%   1.2k  aof rdb 4m
      not in redisha.yaml: r4:6379
      "
    `);
  });

  it("shows nodes that follow each other, although they hang on no root", () => {
    const text = renderStatus(
      topology({ nodes: [node("r1:6379", { primary_id: "r2:6379" }), node("r2:6379")], primary_id: null }),
      verdict(),
      plain,
    );
    expect(text.match(/r[12]:6379/g)?.length).toBeGreaterThanOrEqual(2);
  });

  it("groups a cluster by shard and says which slots have no owner", () => {
    const slots = (first: number, last: number) => ({ cluster: cluster(first, last) });
    const text = renderStatus(
      topology({
        kind: "cluster",
        master_name: null,
        sentinels: [],
        primary_id: null,
        nodes: [
          primary("c2:7000", slots(5_461, 10_922)),
          primary("c1:7000", {
            cluster: {
              ...cluster(0, 5_460),
              migrating: [42, 43, 44, 60].map((slot) => ({ slot, node_id: "id-5461" })),
            },
          }),
          node("c3:7000", { primary_id: "c1:7000", cluster: null, version: "8.0.2" }),
        ],
        shards: [
          { id: "5461-10922", primary_id: "c2:7000", replica_ids: [], slots: [[5_461, 10_922]] },
          { id: "0-5460", primary_id: "c1:7000", replica_ids: ["c3:7000"], slots: [[0, 5_460]] },
        ],
        cluster: { state: "fail", slots_assigned: 10_923, slots_ok: 10_923, size: 2, epoch: 6 },
      }),
      verdict({ state: "critical", summary: "5461 slots have no owner." }),
      plain,
    );
    expect(text).toMatchInlineSnapshot(`
      "shop  cluster  redis, mixed versions  2 shards, 3 nodes  01:36:35Z

      ✖ CRITICAL  5461 slots have no owner.
        Any one host may be lost: Sentinel would fail over.

      NODE        ROLE     STATE      SLOTS       LAG       MEM  SAVED       VERSION
      c1:7000     primary  ✔ up       0-5460        –  1.2G 20%  aof rdb 4m  7.0.15
      └─ c3:7000  replica  ✔ link up  –             0  1.2G 20%  aof rdb 4m  8.0.2
      c2:7000     primary  ✔ up       5461-10922    –  1.2G 20%  aof rdb 4m  7.0.15

      SLOTS  ✖ 10923 of 16384 covered by nodes that are up, missing 10923-16383,
        cluster_state fail, epoch 6
        ▲ open slots 42-44, 60: c1:7000 migrating to c2:7000
      "
    `);
    expect(widest(text)).toBeLessThanOrEqual(80);
  });

  it("does not call slots covered while their owner is down, although the cluster has not noticed yet", () => {
    const owner = { cluster: cluster(0, 5_460) };
    const report = topology({
      kind: "cluster",
      master_name: null,
      sentinels: [],
      primary_id: null,
      nodes: [silent("c1:7000", "REDIS_REFUSED", "refused"), primary("c2:7000", { cluster: cluster(5_461, 16_383) })],
      shards: [
        { id: "0-5460", primary_id: "c1:7000", replica_ids: [], slots: [[0, 5_460]] },
        { id: "5461-16383", primary_id: "c2:7000", replica_ids: [], slots: [[5_461, 16_383]] },
      ],
      cluster: { state: "ok", slots_assigned: 16_384, slots_ok: 16_384, size: 2, epoch: 6 },
    });
    const wide = { ...plain, width: 200 };
    expect(renderStatus(report, verdict(), wide)).toContain(
      "SLOTS  ✖ 10923 of 16384 covered by nodes that are up, 16384 assigned, 0-5460 of c1:7000, which is not up, cluster_state ok",
    );
    const all = { ...report, nodes: [primary("c1:7000", owner), ...report.nodes.slice(1)] };
    expect(renderStatus(all, verdict(), wide)).toContain("SLOTS  ✔ 16384 of 16384 covered, cluster_state ok");
    const findings = [finding({ id: "nodes_disagree", severity: "critical" })];
    expect(renderStatus(all, verdict({ state: "critical", findings }), wide)).toContain("SLOTS  ✖ 16384 of 16384");
  });

  it("keeps the port of a long host name and drops columns before it breaks a row", () => {
    const long = "redis-production-eu-west-1a.internal.example:6379";
    const text = renderStatus(topology({ nodes: [primary(long)], primary_id: long, sentinels: [] }), verdict(), {
      ...plain,
      width: 60,
    });
    expect(text).toContain(":6379");
    expect(widest(text.split("NODE")[1] ?? "")).toBeLessThanOrEqual(60);
  });

  it("says everything in words where there is no colour and no UTF-8", () => {
    const ascii = { theme: themeFor({ colour: 0, unicode: false }), width: 80 };
    const text = renderStatus(topology(), verdict(), ascii);
    expect(text).toMatch(/OK HEALTHY/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
    expect(text).toMatch(/^[\u0000-\u007f]*$/);
  });

  it("lets nothing that a server sent move the cursor", () => {
    const text = renderStatus(
      topology(),
      verdict({ findings: [finding({ message: "bad\u001b[2J\u0007news\r\nover two lines" })] }),
      plain,
    );
    for (const control of ["\u001b", "\u0007", "\r"]) expect(text).not.toContain(control);
    expect(text).toContain("bad news over two lines");
  });

  it("marks what changed since the last look, but not figures that always move", () => {
    const previous = { topology: topology(), verdict: verdict() };
    const now = topology({
      nodes: [primary("r1:6379", { ops_per_sec: 9 }), node("r2:6379", { link_up: false }), node("r3:6379")],
    });
    const text = renderStatus(now, verdict({ findings: [finding()] }), { ...plain, previous });
    expect(text.match(/\S+\*/g)).toEqual(["critical*", "down*"]);
  });

  it("adds every column with wide and cuts nothing without a width", () => {
    const text = renderStatus(topology(), verdict({ findings: [finding()] }), {
      theme: PLAIN_THEME,
      width: undefined,
      wide: true,
    });
    expect(text).toMatchInlineSnapshot(`
      "shop  sentinel mymaster  redis 7.0.15  3 nodes, 3 Sentinels  01:36:35Z

      ✔ HEALTHY  All 3 instances answer and both replicas are in step.
        Any one host may be lost: Sentinel would fail over.

        ✖ critical r1:6379: the primary does not answer: connection refused
          · connect ECONNREFUSED 10.0.1.10:6379
          → redisha doctor --host r1

      NODE        ROLE     STATE      LAG       MEM  OPS/S  SAVED       VERSION  ZONE  ADDRESS         OFFSET  REPLID    PRIO  KEYS  CLIENTS  UPTIME  VIA  LATENCY
      r1:6379     primary  ✔ up         –  1.2G 20%   1.2k  aof rdb 4m  7.0.15   –     10.0.1.10:6379  123456  8f3a11c0   100    1M       42      1d  ssh     12ms
      ├─ r2:6379  replica  ✔ link up    0  1.2G 20%   1.2k  aof rdb 4m  7.0.15   –     10.0.1.10:6379  123456  8f3a11c0   100    1M       42      1d  ssh     12ms
      └─ r3:6379  replica  ✔ link up    0  1.2G 20%   1.2k  aof rdb 4m  7.0.15   –     10.0.1.10:6379  123456  8f3a11c0   100    1M       42      1d  ssh     12ms

      SENTINELS  3 of 3 up, quorum 2, majority 2, all see r1:6379 as primary
        SENTINEL  STATE  SEES AS PRIMARY  AND SAYS  OTHERS UP  EPOCH  DOWN AFTER  CKQUORUM  VERSION
        r1:26379  ✔ up   r1:6379          –         2 of 2     4      5000ms      OK        7.0.15
        r2:26379  ✔ up   r1:6379          –         2 of 2     4      5000ms      OK        7.0.15
        r3:26379  ✔ up   r1:6379          –         2 of 2     4      5000ms      OK        7.0.15
      "
    `);
  });
});

function cluster(first: number, last: number) {
  return {
    node_id: `id-${first}`,
    shard: `${first}-${last}`,
    state: "ok",
    epoch: 1,
    slots: [[first, last]] as [number, number][],
    slots_count: last - first + 1,
    migrating: [],
    importing: [],
    known_nodes: 3,
    failing: [],
    failed: [],
    links_down: [],
    signature: "x",
    node_timeout_ms: 15_000,
    full_coverage_required: true,
    never_promotes: false,
  };
}
