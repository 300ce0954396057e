import { z } from "zod";
import type { BackupCheckPolicy, Deployment, Instance } from "../../inventory/model.ts";
import { firstExporter } from "../exporter.ts";
import { hostPort } from "../host-port.ts";
import { ruleTests } from "../prometheus/rule-tests.ts";
import { renderTemplate } from "../template.ts";
import { defineKind } from "./kind.ts";
import { duration, endpoint, inUnits, path, size } from "./option.ts";

const DAY_MS = 86_400_000;
/** What redisha warns at where redisha.yaml says nothing else. */
const CERTIFICATE_WARNING_MS = 21 * DAY_MS;

const options = z.strictObject({
  interval: duration("15s", "How often everything is measured, and rules are worked out."),
  patience: duration("1m", "How long something must be wrong before somebody is told. More than a failover takes."),
  exporter: endpoint(
    "redis_exporter that asks the servers. Default: as monitoring.exporter has it, else 127.0.0.1:9121.",
  ).optional(),
  sentinel_exporter: endpoint(
    "redis_exporter that asks the Sentinels: they have logins of their own. Default: as monitoring.exporter has it, else 127.0.0.1:9122.",
  ).optional(),
  node_exporter: endpoint(
    "node_exporter with the textfiles of redisha backup, backup check and drills list.",
  ).optional(),
  blackbox: endpoint("blackbox_exporter that looks at certificates; where servers speak TLS.").default(
    "127.0.0.1:9115",
  ),
  ca: path("/etc/prometheus/redis-ca.crt", "The deployment's authority, on the host of the blackbox_exporter."),
  alertmanager: endpoint("Alertmanager that is told.").default("127.0.0.1:9093"),
  lag: size("64mb", "How far a replica may be behind."),
  memory: z.coerce.number().min(1).max(100).default(90).describe("Percent of maxmemory that may be used."),
  resync_after: duration("5m", "How long a replica may be away and still catch up from the backlog."),
  drill_age: duration("35d", "How old the last good drill may be; with node_exporter."),
});

/** Scraping, recording rules, alerts, and tests of the alerts that promtool runs. */
export const prometheus = defineKind({
  name: "prometheus",
  title: "Prometheus: what is scraped, recording rules, alerts, and tests of the alerts",
  files: ["prometheus.yml", "rules/redis-NAME.yml", "rules/redis-NAME.test.yml", "blackbox.yml"],
  options,
  check: ["promtool check config prometheus.yml", "promtool test rules rules/redis-*.test.yml"],
  async render(deployment, options) {
    const { name, kind, tls, backup } = deployment;
    const data = deployment.instances.filter((instance) => instance.kind === "data");
    const sentinels = deployment.instances.filter((instance) => instance.kind === "sentinel");
    const declared = firstExporter(deployment);
    const values = {
      ...options,
      exporter: options.exporter ?? declared?.listen ?? "127.0.0.1:9121",
      sentinel_exporter: options.sentinel_exporter ?? declared?.sentinelListen ?? "127.0.0.1:9122",
      ...{ deployment: name, kind, name: `redis-${name}`, tls: tls !== undefined },
      interval: inUnits(options.interval),
      patience: inUnits(options.patience),
      node_exporter: options.node_exporter ?? null,
      resync_seconds: options.resync_after / 1_000,
      resync_after: inUnits(options.resync_after),
      drill_seconds: options.drill_age / 1_000,
      drill_age: inUnits(options.drill_age),
      certificate_seconds: (deployment.certificateWarningMs ?? CERTIFICATE_WARNING_MS) / 1_000,
      data: data.map((instance) => targetOf(instance, deployment)),
      sentinels: sentinels.map((instance) => targetOf(instance, deployment)),
      majority: Math.floor(sentinels.length / 2) + 1,
      replicas: replicasOf(deployment, data.length),
      backup: backup && options.node_exporter !== undefined ? agesOf(backup.check) : null,
    };
    const rules = `rules/redis-${name}`;
    const file = (path: string, template: string) => ({ path, text: renderTemplate(`prometheus/${template}`, values) });
    const tests = await ruleTests(values, `redis-${name}.yml`);
    const files = [
      file("prometheus.yml", "prometheus.yml.eta"),
      file(`${rules}.yml`, "rules.yml.eta"),
      { path: `${rules}.test.yml`, text: tests },
      ...(tls ? [file("blackbox.yml", "blackbox.yml.eta")] : []),
    ];
    return { files, notes: notesOf(deployment, options.node_exporter) };
  },
});

/** What is scraped, and what its series are told apart by. */
interface Target {
  readonly url: string;
  readonly address: string;
  readonly instance: string;
  readonly host: string;
  readonly zone: string | null;
}

function targetOf(instance: Instance, { tls }: Deployment): Target {
  const address = hostPort(instance);
  return {
    url: `${tls ? "rediss" : "redis"}://${address}`,
    address,
    instance: instance.id,
    host: instance.host.name,
    zone: instance.host.zone ?? null,
  };
}

/** How many replicas each primary should have. */
function replicasOf({ kind, cluster }: Deployment, servers: number): number {
  return kind === "cluster" ? (cluster?.replicasPerPrimary ?? 1) : servers - 1;
}

function agesOf({ maxAgeMs, verifiedWithinMs, followedWithinMs }: BackupCheckPolicy) {
  const age = (ms: number) => ({ seconds: ms / 1_000, text: inUnits(ms) });
  const verified = verifiedWithinMs === undefined ? null : age(verifiedWithinMs);
  return { made: age(maxAgeMs), verified, followed: age(followedWithinMs) };
}

function notesOf({ tls, backup }: Deployment, textfiles: string | undefined): string[] {
  return [
    "a Prometheus that is there already takes scrape_configs and rule_files from prometheus.yml into its own",
    ...(tls ? ["blackbox.yml is for the blackbox_exporter: it looks when certificates end"] : []),
    ...(textfiles === undefined
      ? [
          `--set node_exporter=HOST:9100 adds alerts on ${backup ? "backups and drills" : "drills"} that are too old: --textfile of ${backup ? "redisha backup, redisha backup check and redisha drills list" : "redisha drills list"}`,
        ]
      : []),
  ];
}
