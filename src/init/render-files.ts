import { type ConfLine, parseConf, renderConf } from "../conf/conf-file.ts";
import { quoteAll } from "../connect/quote.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { needsOf, peersOf } from "../firewall/needs.ts";
import { parseNetwork } from "../firewall/network.ts";
import { planRules } from "../firewall/plan-rules.ts";
import type { Deployment, Host, Instance } from "../inventory/model.ts";
import { renderTemplate } from "../render/template.ts";
import { contentOf, desiredFiles } from "./desired.ts";
import { desiredExporters } from "./exporter-files.ts";
import { homeOf } from "./homes.ts";
import type { Situation } from "./situation.ts";

/** A file of a host, without one having been looked at. */
export interface RenderedFile {
  readonly host: string;
  readonly path: string;
  readonly content: string;
}

export interface RenderedDeployment {
  readonly files: readonly RenderedFile[];
  /** What only hosts can tell, and is therefore left open. */
  readonly unknown: readonly string[];
}

/** Directives that are worked out from the memory of the host. */
const BY_MEMORY = ["maxmemory", "repl-backlog-size", "client-output-buffer-limit"];

/**
 * Every file that init would put on bare hosts, from redisha.yaml alone. Fails with INIT_VERSION_UNKNOWN (exit 2) where it
 * does not say the version of the server, on which depends what its files may say, and as init does.
 */
export async function renderDeployment(deployment: Deployment): Promise<RenderedDeployment> {
  const situation = supposed(deployment);
  const files: RenderedFile[] = [];
  const unknown = new Set<string>();
  for (const instance of deployment.instances) {
    for (const desired of await desiredFiles(instance, deployment, situation)) {
      const { host } = instance;
      const content = contentOf(desired, undefined);
      const whole = desired.kind === "redis" ? leftOpen(content, instance, deployment, unknown) : content;
      files.push({ host: host.name, path: desired.path, content: whole });
    }
  }
  for (const host of deployment.hosts) {
    files.push(...systemOf(host), ...firewallOf(host, deployment, unknown));
    const exporters = await desiredExporters(host, deployment);
    for (const { path, contents } of exporters?.files ?? []) {
      const [content] = contents;
      if (content !== undefined) files.push({ host: host.name, path, content });
    }
  }
  if (deployment.tls)
    unknown.add("certificates are made when hosts are set up; their files are named, and not rendered");
  return { files, unknown: [...unknown] };
}

/** Bare hosts, as they are before the first init. */
function supposed(deployment: Deployment): Situation {
  const { version } = deployment.engine;
  if (version === undefined) throw versionUnknown();
  const data = deployment.instances.filter(({ kind }) => kind === "data");
  const primary =
    deployment.kind === "cluster" ? undefined : (data.find(({ initialPrimary }) => initialPrimary) ?? data[0]);
  const by = <T>(value: (instance: Instance) => T) =>
    Object.fromEntries(deployment.instances.map((instance) => [instance.id, value(instance)]));
  return {
    primary: primary?.id ?? null,
    why: "nothing was looked at",
    ...{ instances: {}, hosts: {}, services: {}, packages: {}, makes_user: {}, running: [], version },
    engine: by(() => version),
    follows: by(({ id }) => (primary && id !== primary.id ? `${primary.address}:${primary.port}` : null)),
    units: by((instance) => homeOf(deployment, instance).unit),
    down: deployment.instances.map(({ id }) => id),
    disabled: deployment.instances.map(({ id }) => id),
    moving: [],
  };
}

/** What depends on memory is left out, unless redisha.yaml says it. */
function leftOpen(text: string, { id, host }: Instance, { config }: Deployment, unknown: Set<string>): string {
  const open = BY_MEMORY.filter((name) => config[name] === undefined);
  if (open.length === 0) return text;
  unknown.add(`${open.join(", ")} of ${id}: worked out from the memory of ${host.name}`);
  const lines = parseConf(text).map((line): ConfLine => {
    // The reasons behind these headings speak of a host that was not looked at.
    if ("text" in line) return { text: line.text.replace(/^(# (?:Memory|Replication)):.*/, "$1") };
    return open.includes(line.name) ? { text: `# ${line.name}: from the memory of the host` } : line;
  });
  return renderConf(lines);
}

function systemOf({ name }: Host): RenderedFile[] {
  return [
    {
      host: name,
      path: "/etc/sysctl.d/99-redisha.conf",
      content: renderTemplate("sysctl/redisha.conf.eta", { swappiness: 1, somaxconn: 4096 }),
    },
    {
      host: name,
      path: "/etc/systemd/system/redisha-huge-pages.service",
      content: renderTemplate("systemd/redisha-huge-pages.service.eta", {}),
    },
  ];
}

/** Rules of a host as they are typed, where it has none yet. */
function firewallOf(host: Host, deployment: Deployment, unknown: Set<string>): RenderedFile[] {
  if (deployment.firewall?.manager !== "ufw") return [];
  const names = peersOf(deployment, host);
  const peers = names.flatMap((name) => parseNetwork(name) ?? []);
  const sshPorts = typeof host.ssh === "object" ? [host.ssh.port ?? 22] : [];
  const needs = needsOf(deployment, host, { sshPorts, peers });
  const { commands } = planRules({ active: false, rules: [], policy: "drop" }, needs, `redisha:${deployment.name}`);
  unknown.add("rules that let SSH in from where redisha runs, which only a host can tell");
  for (const name of names) if (!parseNetwork(name)) unknown.add(`rules for ${name}, whose address only hosts know`);
  const lines = [...commands, ["--force", "enable"]].map((words) => quoteAll(["ufw", ...words]));
  return [{ host: host.name, path: "/ufw-commands", content: `${lines.join("\n")}\n` }];
}

function versionUnknown(): RedishaError {
  return new RedishaError({
    code: "INIT_VERSION_UNKNOWN",
    message: "redisha.yaml does not say the version of the server, and without a look at hosts nobody else does.",
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ['engine: { name: redis, version: "7.0", source: apt }'],
  });
}
