import type { Drift } from "../../init/drift.ts";
import type { Rendered } from "../../use-cases/render-deployment.ts";
import { oneLine } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";

type Lines = Drift["instances"][string]["live"];

/** Every difference, per host and file; a secret that changes is said to change. */
export function renderDrift(drift: Drift, theme: Theme): string {
  if (!drift.differs) return `${theme.good(theme.symbols.ok)} everything is as redisha.yaml declares it`;
  const lines = drift.primary === null ? [] : [`around ${theme.strong(drift.primary)}: ${drift.why}`];
  if (drift.clients.length > 0) {
    lines.push(
      "",
      theme.strong("this machine"),
      ...drift.clients.map((name) => `  + certificate of the client ${name}`),
    );
  }
  for (const [host, { packages, system, firewall, certificates, monitoring, left }] of Object.entries(drift.hosts)) {
    lines.push("", theme.strong(host), ...packages.map((name) => `  + package ${name}`));
    if (system.length > 0) lines.push("  ~ system", ...changes(system, "    ", theme));
    if (firewall.length > 0)
      lines.push("  ~ firewall", ...firewall.map((command) => `    ${theme.good(`+ ${command}`)}`));
    if (monitoring.length > 0) lines.push("  ~ monitoring", ...changes(monitoring, "    ", theme));
    lines.push(...certificates.map((why) => `  ~ ${why}`), ...left.map((note) => `  ! ${note}`));
  }
  for (const id of new Set([...drift.down, ...drift.disabled, ...Object.keys(drift.instances)])) {
    lines.push("", theme.strong(id));
    if (drift.down.includes(id)) lines.push("  + is to run; it does not");
    if (drift.disabled.includes(id)) lines.push("  + is to start when its host boots; it does not");
    const found = drift.instances[id];
    if (!found) continue;
    for (const { path, state, differences, owner } of found.files) {
      if (state === "same") continue;
      lines.push(state === "absent" ? `  + ${path}` : `  ~ ${path}${owner === null ? "" : ` (${owner})`}`);
      lines.push(...changes(differences, "    ", theme));
    }
    if (found.live.length > 0) lines.push("  ~ in memory", ...changes(found.live, "    ", theme));
    if (found.users.length > 0) lines.push("  ~ users in memory", ...changes(found.users, "    ", theme));
    lines.push(...found.left.map(({ name, was, will }) => `  ! ${name}: ${was}; ${will}`));
    if (found.restart.length > 0) lines.push("  ~ only by a restart", ...changes(found.restart, "    ", theme));
  }
  return lines.join("\n");
}

/** What was written, and what is left open in it. */
export function renderRendered({ out, files, unknown }: Rendered, theme: Theme): string {
  const done = `${theme.good(theme.symbols.ok)} ${files.length} files in ${out}; they hold passwords`;
  return [done, ...unknown.map((each) => `  ! ${each}`)].join("\n");
}

function changes(differences: Lines, indent: string, theme: Theme): string[] {
  return differences.flatMap(({ name, was, will }) => {
    if (was !== null && was === will) return [`${indent}~ ${name} changes; it is secret`];
    return [
      ...(was === null ? [] : [`${indent}${theme.bad(oneLine(`- ${name} ${was}`))}`]),
      ...(will === null ? [] : [`${indent}${theme.good(oneLine(`+ ${name} ${will}`))}`]),
    ];
  });
}
