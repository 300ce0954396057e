import { z } from "zod";
import type { Deployment } from "../../inventory/model.ts";
import { DATASOURCE, laidOut, type Panel, type Row } from "../grafana/panels.ts";
import { defineKind } from "./kind.ts";
import { duration, inUnits } from "./option.ts";

const options = z.strictObject({
  range: duration("3h", "How far back it looks at first."),
  refresh: duration("30s", "How often it looks anew."),
  node_exporter: z.stringbool().default(false).describe("Backups and drills are known, as render prometheus was told."),
});

const RED_AT_0 = [
  { color: "red", value: null },
  { color: "green", value: 1 },
];
const GREEN_AT_1 = [...RED_AT_0, { color: "red", value: 2 }];

/** One screen for the question that people have who are called: who is primary, who follows, what is wrong, since when. */
export const grafana = defineKind({
  name: "grafana",
  title: "Grafana: a dashboard of roles, replication, load, memory, Sentinels, backups and drills",
  files: ["redis-NAME.json"],
  options,
  check: [],
  render(deployment, { range, refresh, node_exporter }) {
    const { name } = deployment;
    const rows = [
      rolesOf(deployment),
      replicationOf(deployment),
      loadOf(deployment),
      keepingOf(deployment, node_exporter),
    ];
    const dashboard = {
      uid: `redisha-${name}`.slice(0, 40),
      title: `Redis: ${name}`,
      description: `The deployment ${name}, rendered by redisha from the metrics of redisha render prometheus`,
      tags: ["redis", "redisha"],
      timezone: "browser",
      editable: true,
      graphTooltip: 1,
      time: { from: `now-${inUnits(range)}`, to: "now" },
      refresh: inUnits(refresh),
      schemaVersion: 39,
      templating: { list: [{ type: "datasource", name: "datasource", label: "Prometheus", query: "prometheus" }] },
      annotations: { list: [failovers(name)] },
      panels: laidOut(rows),
    };
    const text = `${JSON.stringify(dashboard, null, 2)}\n`;
    const notes = ["Dashboards, New, Import; or a provider of dashboards that reads the folder"];
    return { files: [{ path: `redis-${name}.json`, text }], notes };
  },
});

/** A line through every panel, where another became primary. */
function failovers(name: string): object {
  const held = `redis_instance_info{job="redis-${name}", role="master"}`;
  return {
    ...{ name: "Another primary", datasource: DATASOURCE, enable: true, iconColor: "orange" },
    expr: `${held} unless on (instance) ${held} offset 1m`,
    titleFormat: "{{instance}} became primary",
  };
}

function rolesOf({ name, kind }: Deployment): Row {
  const job = `job="redis-${name}"`;
  const stat = (title: string, expr: string, description: string, more: Partial<Panel> = {}): Panel => ({
    ...{ title, description, type: "stat", width: 4, height: 4, unit: "short", queries: [{ expr, legend: "" }] },
    ...more,
  });
  const primaries = `count(redis_instance_info{${job}, role="master"}) or vector(0)`;
  const one: Panel[] = [
    stat("Primary", `redis_instance_info{${job}, role="master"}`, "Who holds itself for the primary.", {
      queries: [{ expr: `redis_instance_info{${job}, role="master"}`, legend: "{{instance}}" }],
    }),
    stat("Primaries", primaries, "One, and never two.", { steps: GREEN_AT_1 }),
  ];
  const cluster: Panel[] = [
    stat("Cluster", `min(redis_cluster_state{${job}})`, "1 where every node holds it to be up.", { steps: RED_AT_0 }),
    stat("Slots served", `min(redis_cluster_slots_ok{${job}})`, "16384 where none is missing.", {
      steps: [
        { color: "red", value: null },
        { color: "green", value: 16_384 },
      ],
    }),
  ];
  const sentinel = `job="redis-${name}-sentinel"`;
  return {
    title: "Who is who",
    panels: [
      ...(kind === "cluster" ? cluster : one),
      stat("Servers up", `sum(redis_up{${job}})`, "Of those that redisha.yaml declares.", { steps: RED_AT_0 }),
      stat("Replicas in step", `sum(redis_master_link_up{${job}}) or vector(0)`, "Whose link to their primary is up.", {
        steps: RED_AT_0,
      }),
      ...(kind === "sentinel"
        ? [
            stat(
              "Sentinels with a quorum",
              `sum(redis_sentinel_master_ckquorum_status{${sentinel}}) or vector(0)`,
              "Who could fail over.",
              {
                steps: RED_AT_0,
              },
            ),
            stat(
              "Primaries named",
              `count(count by (master_address) (redis_sentinel_master_status{${sentinel}})) or vector(0)`,
              "One, where Sentinels agree.",
              {
                steps: GREEN_AT_1,
              },
            ),
          ]
        : []),
      {
        ...{ title: "What is wrong", type: "table", width: 24, height: 6, unit: "short" },
        description: "Alerts of this deployment that fire.",
        queries: [
          {
            expr: `group by (alertname, severity, instance) (ALERTS{deployment="${name}", alertstate="firing"})`,
            legend: "",
          },
        ],
      },
    ],
  };
}

function series(title: string, unit: string, description: string, ...queries: Panel["queries"][number][]): Panel {
  return { title, description, type: "timeseries", width: 12, height: 8, unit, queries };
}

function replicationOf({ name }: Deployment): Row {
  const job = `job="redis-${name}"`;
  const lag = `redis_master_repl_offset{${job}} - on (instance) group_right () redis_connected_slave_offset_bytes{${job}}`;
  return {
    title: "Replication",
    panels: [
      series("Behind the primary", "bytes", "What would be lost if the primary were lost now.", {
        expr: lag,
        legend: "{{slave_ip}}:{{slave_port}}",
      }),
      series(
        "Written",
        "Bps",
        "The stream of replication; the backlog has to hold as much as is written while a replica is away.",
        { expr: `rate(redis_master_repl_offset{${job}}[5m])`, legend: "{{instance}}" },
      ),
      series("Role", "short", "1 primary, 0 replica: a step is a failover or a switchover.", {
        expr: `redis_instance_info{${job}, role="master"} or on (instance) redis_instance_info{${job}} * 0`,
        legend: "{{instance}}",
      }),
      series("Full resyncs", "short", "A replica was sent everything anew, in the last hour.", {
        expr: `increase(redis_replica_resyncs_full{${job}}[1h])`,
        legend: "{{instance}}",
      }),
    ],
  };
}

function loadOf({ name }: Deployment): Row {
  const job = `job="redis-${name}"`;
  const each = (expr: string, legend = "{{instance}}") => ({ expr, legend });
  return {
    title: "Load",
    panels: [
      series("Commands", "ops", "", each(`rate(redis_commands_processed_total{${job}}[5m])`)),
      series(
        "Time of a command",
        "s",
        "Inside the server, on average over all commands.",
        each(
          `sum by (instance) (rate(redis_commands_duration_seconds_total{${job}}[5m])) / sum by (instance) (rate(redis_commands_total{${job}}[5m]))`,
        ),
      ),
      series(
        "Memory of maxmemory",
        "percentunit",
        "Nothing is shown of a server without maxmemory.",
        each(`redis_memory_used_bytes{${job}} / (redis_memory_max_bytes{${job}} > 0)`),
      ),
      series("Memory", "bytes", "As the system sees it.", each(`redis_memory_used_rss_bytes{${job}}`)),
      series(
        "Clients",
        "short",
        "Connected, and waiting in a blocking command.",
        each(`redis_connected_clients{${job}}`),
        each(`redis_blocked_clients{${job}}`, "{{instance}} blocked"),
      ),
      series(
        "Turned away, evicted, expired",
        "ops",
        "Turned away should be none.",
        each(`rate(redis_rejected_connections_total{${job}}[5m])`, "{{instance}} turned away"),
        each(`rate(redis_evicted_keys_total{${job}}[5m])`, "{{instance}} evicted"),
        each(`rate(redis_expired_keys_total{${job}}[5m])`, "{{instance}} expired"),
      ),
      series(
        "Network",
        "Bps",
        "To and from the server.",
        each(`rate(redis_net_output_bytes_total{${job}}[5m])`, "{{instance}} out"),
        each(`rate(redis_net_input_bytes_total{${job}}[5m])`, "{{instance}} in"),
      ),
      series(
        "Processor",
        "percentunit",
        "1 is one core: a server has one for commands.",
        each(`rate(redis_cpu_user_seconds_total{${job}}[5m]) + rate(redis_cpu_sys_seconds_total{${job}}[5m])`),
      ),
    ],
  };
}

function keepingOf({ name, backup, tls }: Deployment, textfiles: boolean): Row {
  const [job, own] = [`job="redis-${name}"`, `deployment="${name}"`];
  const since = (title: string, metric: string, description: string): Panel => ({
    ...{ title, description, type: "stat", width: 6, height: 4, unit: "dtdurations" },
    queries: [{ expr: `time() - ${metric}{${own}}`, legend: "" }],
  });
  return {
    title: "Keeping it",
    panels: [
      series("Since the last snapshot", "dtdurations", "Of each server itself, on its own disk.", {
        expr: `time() - redis_rdb_last_save_timestamp_seconds{${job}}`,
        legend: "{{instance}}",
      }),
      ...(tls
        ? [
            series("Until certificates end", "dtdurations", "", {
              expr: `probe_ssl_earliest_cert_expiry{job="redis-${name}-certificates"} - time()`,
              legend: "{{instance}}",
            }),
          ]
        : []),
      ...(backup && textfiles
        ? [
            since("Since the last backup", "redisha_backup_last_success_timestamp_seconds", "In the repository."),
            since("Since one was proven", "redisha_backup_last_verify_timestamp_seconds", "Loaded, and counted."),
          ]
        : []),
      ...(textfiles
        ? [since("Since the last good drill", "redisha_drill_last_good_timestamp_seconds", "redisha failover-test.")]
        : []),
    ],
  };
}
