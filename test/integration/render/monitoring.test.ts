import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { renderKind } from "../../../src/use-cases/render-kind.ts";
import { type Alertmanager, startAlertmanager, TOKEN } from "../../support/alertmanager.ts";
import { declared, SHAPES } from "../../support/declared.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { type Prometheus, watchLab } from "../../support/prometheus.ts";
import { redisha } from "../../support/redisha.ts";
import { until } from "../../support/until.ts";

/** What Grafana needs of a dashboard, as far as it is not free. */
const dashboardSchema = z.object({
  uid: z.string().min(8).max(40),
  schemaVersion: z.literal(39),
  panels: z.array(
    z.object({
      id: z.int(),
      type: z.enum(["row", "stat", "timeseries", "table"]),
      title: z.string().min(1),
      gridPos: z.strictObject({ x: z.int().min(0), y: z.int().min(0), w: z.int().min(1).max(24), h: z.int().min(1) }),
      targets: z.array(z.object({ refId: z.string(), expr: z.string() })).default([]),
    }),
  ),
});

describe("Prometheus, Alertmanager and the exporters as rendered, beside a deployment", () => {
  let lab: TestLab;
  let prometheus: Prometheus;
  let alertmanager: Alertmanager;
  beforeAll(async () => {
    // Nobody takes over: what there is to be told stays so.
    lab = await bringUpLab({ tls: true, auth: "acl", downAfterMs: 600_000, config: { maxmemory: "100mb" } });
    alertmanager = await startAlertmanager(lab);
    prometheus = await watchLab(lab, { alertmanager: alertmanager.address });
  });
  afterAll(async () => {
    await prometheus?.stop();
    await alertmanager?.[Symbol.asyncDispose]();
    await lab?.down();
  });

  it("see every server, every Sentinel and every certificate, and call nobody where nothing is wrong", async () => {
    const counts = async () =>
      Promise.all(
        ["redis_up == 1", "redis_sentinel_master_status", "probe_ssl_earliest_cert_expiry"].map(
          async (expression) => (await prometheus.query(expression)).length,
        ),
      );
    await expect.poll(counts, { timeout: 60_000 }).toEqual([6, 3, 6]);
    const [primary] = await prometheus.query('redis_instance_info{role="master"}');
    expect(primary?.metric).toMatchObject({ deployment: "lab", instance: "r1:6379", host: "r1", zone: "a" });
    expect(await prometheus.query("up == 0")).toEqual([]);
    expect(await prometheus.firing()).toEqual([]);
  });

  it("have something to show in every panel of the dashboard, but for alerts", async () => {
    const { stdout } = await redisha(["render", "grafana", "--file", lab.file]);
    const { panels } = dashboardSchema.parse(JSON.parse(stdout));
    const empty = async () => {
      const shown = await Promise.all(
        panels.flatMap(({ title, targets }) =>
          targets.map(async ({ expr }) => ({ title, series: (await prometheus.query(expr)).length })),
        ),
      );
      return shown.filter(({ series }) => series === 0).map(({ title }) => title);
    };
    await expect.poll(empty, { timeout: 60_000 }).toEqual(["What is wrong"]);
  });

  it("call for a primary that was killed, and for what comes of it, until it is back", async () => {
    await lab.kill("r1:6379");
    const told = [
      "RedisDown r1:6379",
      "RedisNoPrimary lab",
      "RedisReplicationBroken r2:6379",
      "RedisReplicationBroken r3:6379",
    ];
    await expect.poll(() => prometheus.firing(), { timeout: 60_000 }).toEqual(told);
    const paged = () => alertmanager.calls("page").at(-1);
    // One failure is one call; replicas without a link follow from it, and are not told.
    const call = { receiver: "redis-lab-page", firing: ["RedisDown r1:6379", "RedisNoPrimary lab"] };
    await expect.poll(paged, { timeout: 90_000 }).toEqual({ ...call, authorization: `Bearer ${TOKEN}` });
    expect(alertmanager.calls("tell").flatMap(({ firing }) => firing)).not.toContainEqual(
      expect.stringMatching(/^RedisReplicationBroken/),
    );
    await lab.restart("r1:6379");
    await until(async () => (await prometheus.firing()).length === 0);
  });
});

describe("what is rendered for monitoring", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "redisha-monitoring-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const MORE = {
    backup: { repository: "/var/backups/redis", check: { max_age: "26h", verified_within: "7d" } },
  };
  const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    prometheus: { node_exporter: "192.0.2.9:9100" },
    grafana: { node_exporter: "true" },
    alertmanager: { page: "https://pager.example/redis", token_file: "/etc/alertmanager/token" },
  };
  const check = async (out: string, script: string): Promise<string> => {
    const { stdout, stderr } = await promisify(execFile)("sh", ["-c", script], { cwd: out });
    return `${stdout}${stderr}`;
  };

  it.each(SHAPES)("is what promtool and amtool accept: $topology, auth $auth, TLS $tls", async (shape) => {
    const deployment = await declared(shape, MORE);
    const out = join(folder, Object.values(shape).join("-"));
    for (const kind of ["prometheus", "alertmanager", "grafana"]) {
      const options = SETTINGS[kind] ?? {};
      await renderKind({ kind, deployment, options, only: undefined, out: `${out}/`, force: false });
    }
    expect(await check(out, "promtool check config --lint=all --lint-fatal prometheus.yml")).toContain("1 rule files");
    expect(await check(out, "promtool check rules --lint=all --lint-fatal rules/redis-shop.yml")).toContain("SUCCESS");
    expect(await check(out, "amtool check-config alertmanager.yml")).toContain("SUCCESS");
    const { panels } = dashboardSchema.parse(JSON.parse(await readFile(join(out, "redis-shop.json"), "utf8")));
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(
      panels.filter((one) => panels.some((other) => one !== other && overlap(one.gridPos, other.gridPos))),
    ).toEqual([]);
    if (shape.tls) await check(out, "prometheus-blackbox-exporter --config.check --config.file=blackbox.yml");
    // Rules do not depend on how servers are logged in to; those on certificates come beside the others.
    if (shape.auth === "acl" && shape.tls)
      expect(await check(out, "promtool test rules rules/*.test.yml")).toContain("SUCCESS");
  });
});

interface Area {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function overlap(one: Area, other: Area): boolean {
  const apart = one.x + one.w <= other.x || other.x + other.w <= one.x;
  return !apart && one.y < other.y + other.h && other.y < one.y + one.h;
}
