import { z } from "zod";
import type { Deployment } from "../../inventory/model.ts";
import { renderTemplate } from "../template.ts";
import { defineKind } from "./kind.ts";
import { monitorLogin } from "./logins.ts";
import { endpoint, path } from "./option.ts";

const options = z.strictObject({
  listen: endpoint("Where the exporter that asks servers is asked by Prometheus.").default("127.0.0.1:9121"),
  sentinel_listen: endpoint("Where the one that asks Sentinels is.").default("127.0.0.1:9122"),
  program: path("/usr/bin/prometheus-redis-exporter", "redis_exporter, as Debian's package names it."),
  user: z.string().default("prometheus").describe("System user that it runs as."),
  folder: path("/etc/redis-exporter", "Folder on its host of the files with passwords, and of redis-ca.crt."),
});

/** One exporter asks all servers, and one all Sentinels: each has one login, and theirs differ. */
export const redisExporter = defineKind({
  name: "redis-exporter",
  title: "redis_exporter: systemd units that ask every server and every Sentinel",
  files: ["redis-exporter-NAME.service", "redis-exporter-NAME-sentinel.service"],
  options,
  check: ["systemd-analyze verify ./redis-exporter-*.service"],
  render(deployment, options) {
    const { name, kind, auth } = deployment;
    const sentinel = auth.sentinel.password ? { username: auth.sentinel.username } : null;
    const one = (unit: string, what: string, listen: string, login: ReturnType<typeof monitorLogin>) => ({
      path: `${unit}.service`,
      text: renderTemplate("redis-exporter/redis-exporter.service.eta", {
        ...options,
        ...{ unit, what, listen, deployment: name, login, username: login?.username ?? null },
        ...certificatesOf(deployment),
      }),
    });
    const files = [
      one(`redis-exporter-${name}`, "servers", options.listen, monitorLogin(deployment)),
      ...(kind === "sentinel"
        ? [one(`redis-exporter-${name}-sentinel`, "Sentinels", options.sentinel_listen, sentinel)]
        : []),
    ];
    const secrets = files.flatMap(({ text }) => /^EnvironmentFile=(.*)$/m.exec(text)?.[1] ?? []);
    return {
      files,
      notes: [
        ...secrets.map((path) => `${path}: a line REDIS_PASSWORD=…, mode 0600, of root`),
        ...(deployment.tls ? [`${options.folder}/redis-ca.crt: the authority of the deployment`] : []),
        ...(auth.data.password && !deployment.users?.exporter
          ? ["it logs in as the operator, who may do everything: declare users.exporter in redisha.yaml"]
          : []),
        "then: systemctl daemon-reload && systemctl enable --now the units",
      ],
    };
  },
});

function certificatesOf({ tls, serverTls }: Deployment): { readonly tls: boolean; readonly client: boolean } {
  return { tls: tls !== undefined, client: serverTls?.clients === "yes" || tls?.cert !== undefined };
}
