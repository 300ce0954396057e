import { z } from "zod";
import { parseBytes } from "../../core/units.ts";
import { hostPort } from "../host-port.ts";
import { renderTemplate } from "../template.ts";
import { defineKind, unrenderable } from "./kind.ts";
import { path } from "./option.ts";

const options = z.strictObject({
  snapshots: z.string().default("*/30 * * * *").describe("When it saves its data, as cron writes it."),
  threads: z.coerce.number().int().min(0).default(0).describe("Threads; 0 for as many as the host has cores."),
  folder: path("/etc/dragonfly", "Folder on every host of dragonfly.conf, the file with passwords and certificates."),
  data: path("/var/lib/dragonfly", "Folder of its data."),
});

/** Directives of Redis that have a flag, or a meaning, here. */
const TAKEN_OVER = new Set(["maxmemory", "maxmemory-policy", "save", "maxclients", "databases"]);

/** Flags for Dragonfly on every host, and how its unit gets the password. Sentinel fails it over as it does Redis. */
export const dragonfly = defineKind({
  name: "dragonfly",
  title: "Dragonfly: a primary and its replicas, on hosts",
  files: ["HOST/dragonfly.conf", "dragonfly.service.d/password.conf"],
  options,
  check: [],
  render(deployment, options) {
    const { name, kind, config, tls, auth } = deployment;
    const data = deployment.instances.filter((each) => each.kind === "data");
    if (kind === "cluster") {
      throw unrenderable(`Dragonfly uses all cores of a host by itself, and ${name} is declared as a cluster.`, [
        "topology: sentinel",
      ]);
    }
    if (new Set(data.map(({ host }) => host.name)).size < data.length) {
      throw unrenderable(`Dragonfly uses all cores of a host by itself, and ${name} has two servers on one.`, [
        "redis: { on: [r1, r2, r3] }",
      ]);
    }
    const primary = data.find(({ initialPrimary }) => initialPrimary) ?? data[0];
    const files = data.map((instance) => ({
      path: `${instance.host.name}/dragonfly.conf`,
      text: renderTemplate("dragonfly/dragonfly.conf.eta", {
        ...options,
        ...{ deployment: name, id: instance.id, address: instance.address, port: instance.port },
        follows: primary && instance.id !== primary.id ? hostPort(primary) : null,
        maxmemory: parseBytes(config.maxmemory ?? "") ?? 0,
        evicts: /^(allkeys|volatile)-/.test(config["maxmemory-policy"] ?? ""),
        saves: config.save !== "" && config.save !== '""',
        maxclients: config.maxclients ?? null,
        databases: config.databases ?? null,
        tls: tls !== undefined,
      }),
    }));
    const password = auth.data.password !== undefined;
    const left = Object.keys(config).filter((directive) => !TAKEN_OVER.has(directive));
    return {
      files: [
        ...files,
        ...(password
          ? [
              {
                path: "dragonfly.service.d/password.conf",
                text: renderTemplate("dragonfly/password.conf.eta", { ...options, deployment: name }),
              },
            ]
          : []),
      ],
      notes: [
        ...(password
          ? [
              `${options.folder}/password on every host: lines DFLY_requirepass=… and DFLY_masterauth=…, mode 0600, of root`,
            ]
          : []),
        ...(left.length > 0 ? [`has no such setting: ${left.join(", ")}`] : []),
        ...(config.appendonly === "yes"
          ? ["it has no append-only file: what was written since a snapshot is lost with all servers"]
          : []),
        ...(kind === "sentinel"
          ? ["who follows whom is what it starts with: after a failover Sentinel tells a server that comes back"]
          : ["nobody promotes a replica by itself: declare topology: sentinel"]),
      ],
    };
  },
});
