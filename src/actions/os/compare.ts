import { createHash } from "node:crypto";
import { z } from "zod";
import { differenceSchema } from "../../init/comparison-schema.ts";
import type { Difference } from "../../init/differences.ts";
import { hostDifferences } from "../../init/host-differences.ts";
import { renderTemplate } from "../../render/template.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { lookAtFile } from "../file/host-file.ts";
import { hostOf } from "../needs.ts";
import { asRoot } from "./as-root.ts";
import { systemFacts } from "./facts.ts";
import { type DeclaredTimeService, TIMESYNCD, TIMESYNCD_FILE } from "./time-service.ts";

const HUGE_PAGES = "redisha-huge-pages.service";

/** Of the unit that switches huge pages off: whether it is enabled and active, a line each. */
const UNIT = `
systemctl is-enabled -- ${HUGE_PAGES} 2>/dev/null | grep -qx enabled && echo yes || echo no
systemctl is-active --quiet -- ${HUGE_PAGES} 2>/dev/null && echo yes || echo no`;

/** Holds the system of a host against what init-os makes of it. */
export const hostCompare = defineAction({
  name: "host.compare",
  summary:
    "Holds kernel settings, huge pages, limits, log rotation, time service and their files on each targeted host against what init-os sets",
  scope: "host",
  effect: "read",
  // As the inputs of the runbook init-os, which a test sees to.
  input: z.strictObject({
    swappiness: z.int().default(1),
    somaxconn: z.int().default(4096),
    nofile: z.int().default(65535),
  }),
  output: z.strictObject({
    differences: z.array(differenceSchema).describe("What init-os would change"),
    packages: z
      .array(z.string())
      .describe("Packages beside the engine's that are to be installed: ufw, where it is to filter"),
  }),
  example: `- id: hosts
  action: host.compare
  targets: { role: any, per: host }
  with: {}`,
  commands: () => [{ transport: "script", text: "look at kernel settings, units, limits and files of init-os" }],
  async run(wanted, context) {
    const { engine, firewall } = context.deployment;
    const name = engine.name === "valkey" ? "valkey" : "redis";
    const failure = { code: "HOST_NOT_READ", what: "the system cannot be looked at", state: "nothing was changed" };
    const facts = await systemFacts(context);
    const [enabled, active] = (await asRoot(context, UNIT, [], failure)).split("\n");
    const state = { ...facts, huge_pages_unit: { enabled: enabled === "yes", active: active === "yes" } };
    const values = { swappiness: wanted.swappiness, somaxconn: Math.max(facts.sysctl.somaxconn, wanted.somaxconn) };
    const files = [
      { path: "/etc/sysctl.d/99-redisha.conf", content: renderTemplate("sysctl/redisha.conf.eta", values) },
      ...(facts.systemd
        ? [{ path: `/etc/systemd/system/${HUGE_PAGES}`, content: renderTemplate(`systemd/${HUGE_PAGES}.eta`, {}) }]
        : []),
      ...(facts.logrotate.installed && !facts.logrotate.covered
        ? [{ path: "/etc/logrotate.d/redisha", content: renderTemplate("logrotate/redisha.eta", { engine: name }) }]
        : []),
      ...timeFile(facts.time_service),
    ];
    const differing = await Promise.all(files.map((file) => fileDifference(file, context)));
    const differences = [...hostDifferences(state, wanted), ...differing.flat()];
    const packages = firewall?.manager === "ufw" && !facts.ufw.installed ? ["ufw"] : [];
    return { outputs: { differences, packages }, changed: false };
  },
});

function timeFile({ unit, servers }: DeclaredTimeService) {
  if (unit !== TIMESYNCD) return [];
  return [{ path: TIMESYNCD_FILE, content: renderTemplate("systemd/timesyncd.conf.eta", { servers }) }];
}

async function fileDifference(
  { path, content }: { readonly path: string; readonly content: string },
  context: ActionContext,
): Promise<Difference[]> {
  const found = await lookAtFile(await context.shell(hostOf(context)), path, context.signal);
  if (!found) return [{ name: path, was: null, will: "root:root 0644" }];
  const sha256 = createHash("sha256").update(content).digest("hex");
  const kept = found.sha256 === sha256 ? "" : ", other content";
  const was = `${found.owner} ${found.mode}${kept}`;
  return was === "root:root 0644" ? [] : [{ name: path, was, will: "root:root 0644" }];
}
