import type { Deployment, ExporterPolicy, Host } from "../inventory/model.ts";
import { hostPort } from "./host-port.ts";
import { monitorLogin } from "./kinds/logins.ts";
import { renderTemplate } from "./template.ts";

/** Where exporters of a host find their files, and listen. */
export interface ExporterPlace {
  /** As `host:port`. */
  readonly listen: string;
  readonly sentinelListen: string;
  readonly program: string;
  readonly user: string;
  /** Folder of files with passwords and certificates. */
  readonly folder: string;
}

export interface ExporterUnit {
  /** Without `.service`. */
  readonly name: string;
  readonly text: string;
  /** Whom it asks. */
  readonly asks: "data" | "sentinel";
  readonly listen: string;
  /** File that systemd reads a line `REDIS_PASSWORD=…` from; undefined where nobody logs in. */
  readonly passwordFile?: string;
}

/** As Debian's package has it; the folder is of redisha's own. */
export const EXPORTER = {
  package: "prometheus-redis-exporter",
  program: "/usr/bin/prometheus-redis-exporter",
  user: "prometheus",
  folder: "/etc/redis-exporter",
};

/** Where exporters are on a host that redisha.yaml lists for them. */
export function exporterPlace({ address }: Pick<Host, "address">, policy: ExporterPolicy): ExporterPlace {
  const at = (port: number) => hostPort({ address: policy.from.length > 0 ? address : "127.0.0.1", port });
  const { program = EXPORTER.program, user } = policy;
  const { folder } = EXPORTER;
  return { listen: at(policy.port), sentinelListen: at(policy.sentinelPort), program, user, folder };
}

/** The first place that redisha.yaml declares; undefined where it declares none. */
export function firstExporter({ exporter, hosts }: Pick<Deployment, "exporter" | "hosts">): ExporterPlace | undefined {
  const host = hosts.find(({ name }) => name === exporter?.on[0]);
  return host && exporter ? exporterPlace(host, exporter) : undefined;
}

/** One exporter asks all servers, and one all Sentinels: each has one login, and theirs differ. */
export function exporterUnits(deployment: Deployment, place: ExporterPlace): ExporterUnit[] {
  const { name, kind, auth } = deployment;
  const unit = `redis-exporter-${name}`;
  const sentinel = auth.sentinel.password ? { username: auth.sentinel.username } : null;
  const servers = exporterUnit(unit, "data", place.listen, monitorLogin(deployment), deployment, place);
  if (kind !== "sentinel") return [servers];
  return [servers, exporterUnit(`${unit}-sentinel`, "sentinel", place.sentinelListen, sentinel, deployment, place)];
}

function exporterUnit(
  name: string,
  asks: ExporterUnit["asks"],
  listen: string,
  login: { readonly username: string | undefined } | null,
  { name: deployment, tls, serverTls }: Deployment,
  { program, user, folder }: ExporterPlace,
): ExporterUnit {
  const passwordFile = login === null ? {} : { passwordFile: `${folder}/${name}.password` };
  const text = renderTemplate("redis-exporter/redis-exporter.service.eta", {
    ...{ unit: name, what: asks === "data" ? "servers" : "Sentinels", listen, deployment, program, user, folder },
    ...{ login, username: login?.username ?? null },
    ...{ tls: tls !== undefined, client: serverTls?.clients === "yes" || tls?.cert !== undefined },
  });
  return { name, text, asks, listen, ...passwordFile };
}
