import { z } from "zod";
import { EXPORTER, exporterUnits, firstExporter } from "../exporter.ts";
import { defineKind } from "./kind.ts";
import { endpoint, path } from "./option.ts";

const options = z.strictObject({
  listen: endpoint(
    "Where the exporter that asks servers is asked by Prometheus. Default: as monitoring.exporter has it, else 127.0.0.1:9121.",
  ).optional(),
  sentinel_listen: endpoint(
    "Where the one that asks Sentinels is. Default: as monitoring.exporter has it, else 127.0.0.1:9122.",
  ).optional(),
  program: z
    .string()
    .regex(/^\/\S+$/, "expected an absolute path")
    .optional()
    .describe(`redis_exporter. Default: ${EXPORTER.program}, as Debian's package names it.`),
  user: z.string().optional().describe(`System user that it runs as. Default: ${EXPORTER.user}.`),
  folder: path(EXPORTER.folder, "Folder on its host of the files with passwords, and of redis-ca.crt."),
});

const NOWHERE = { ...EXPORTER, listen: "127.0.0.1:9121", sentinelListen: "127.0.0.1:9122" };

export const redisExporter = defineKind({
  name: "redis-exporter",
  title: "redis_exporter: systemd units that ask every server and every Sentinel",
  files: ["redis-exporter-NAME.service", "redis-exporter-NAME-sentinel.service"],
  options,
  check: ["systemd-analyze verify ./redis-exporter-*.service"],
  render(deployment, options) {
    const declared = firstExporter(deployment) ?? NOWHERE;
    const place = {
      listen: options.listen ?? declared.listen,
      sentinelListen: options.sentinel_listen ?? declared.sentinelListen,
      program: options.program ?? declared.program,
      user: options.user ?? declared.user,
      folder: options.folder,
    };
    const units = exporterUnits(deployment, place);
    return {
      files: units.map(({ name, text }) => ({ path: `${name}.service`, text })),
      notes: [
        ...(deployment.exporter ? ["redisha init --only monitoring puts and starts them on the hosts declared"] : []),
        ...units.flatMap(({ passwordFile }) =>
          passwordFile === undefined ? [] : [`${passwordFile}: a line REDIS_PASSWORD=…, mode 0600, of root`],
        ),
        ...(deployment.tls ? [`${options.folder}/redis-ca.crt: the authority of the deployment`] : []),
        ...(units.some(({ text }) => text.includes("redis-client.pem"))
          ? [`${options.folder}/redis-client.pem: a certificate of a client and its key, mode 0600, of ${place.user}`]
          : []),
        ...(deployment.auth.data.password && !deployment.users?.exporter
          ? ["it logs in as the operator, who may do everything: declare users.exporter in redisha.yaml"]
          : []),
        "then: systemctl daemon-reload && systemctl enable --now the units",
      ],
    };
  },
});
