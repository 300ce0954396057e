import type { Findings } from "./findings.ts";
import type { LenientDeployment } from "./lenient-view.ts";
import { checkConfig } from "./rules-config.ts";
import { checkPlacement } from "./rules-placement.ts";
import { checkPorts } from "./rules-ports.ts";
import { checkSentinels } from "./rules-sentinel.ts";

/** What no schema can say: whether the sections of one deployment fit each other. `today` is a day, `2026-12-31`. */
export function checkDeployment(view: LenientDeployment, found: Findings, today: string): void {
  checkSections(view, found);
  checkPlacement(view, found);
  checkPorts(view, found);
  checkSentinels(view, found);
  checkConfig(view, found);
  checkPairs(view, found);
  checkWaivers(view, found, today);
}

/** Each topology has sections that it needs and sections that mean nothing in it. */
function checkSections(view: LenientDeployment, found: Findings): void {
  const { topology } = view;
  if (topology === "sentinel") {
    if (!found.has("sentinel")) {
      found.error(["topology"], "topology: sentinel needs a section sentinel", {
        hint: "sentinel: { on: [r1, r2, r3] }",
      });
    }
    if (!found.has("master_name")) {
      found.error(["topology"], "topology: sentinel needs master_name, the name that Sentinel has for the group", {
        hint: "master_name: mymaster",
      });
    }
  } else if (topology === "replication" || topology === "cluster") {
    for (const key of ["sentinel", "master_name"]) refuseSection(key, "sentinel", topology, found);
    if (found.has("auth", "sentinel")) {
      found.error(["auth", "sentinel"], `auth.sentinel means nothing with topology: ${topology}`, { part: "key" });
    }
  }
  if (topology === "replication" || topology === "sentinel") refuseSection("cluster", "cluster", topology, found);
  if (topology === "cluster" && found.has("redis", "initial_primary")) {
    found.error(["redis", "initial_primary"], "initial_primary means nothing with topology: cluster", { part: "key" });
  }
}

function refuseSection(key: string, belongsTo: string, topology: string, found: Findings): void {
  if (!found.has(key)) return;
  found.error([key], `${key} belongs to topology: ${belongsTo}, and this deployment has topology: ${topology}`, {
    hint: `write topology: ${belongsTo}, or remove ${key}`,
    part: "key",
  });
}

/** Keys that come together or not at all. */
function checkPairs(view: LenientDeployment, found: Findings): void {
  const directory = view.engine?.source === "directory";
  if (directory && !found.has("engine", "directory")) {
    found.error(["engine", "source"], "source: directory needs engine.directory");
  }
  if (!directory && found.has("engine", "directory")) {
    found.error(["engine", "directory"], "engine.directory goes with source: directory", { part: "key" });
  }
  if (found.has("tls", "cert") !== found.has("tls", "key")) {
    const present = found.has("tls", "cert") ? "cert" : "key";
    found.error(["tls", present], "tls.cert and tls.key come together or not at all", { part: "key" });
  }
  checkTls(view, found);
  if (found.has("monitoring", "exporter") && !found.has("users", "exporter")) {
    found.error(["monitoring", "exporter"], "monitoring.exporter needs users.exporter, as whom servers let it in", {
      hint: "users: { exporter: { password: { env: EXPORTER_PASSWORD } } }",
      part: "key",
    });
  }
  if (view.auth?.sentinel === "same" && !found.has("auth", "operator")) {
    found.error(["auth", "sentinel"], "sentinel: same needs auth.operator");
  }
}

function checkTls({ tls, hosts }: LenientDeployment, found: Findings): void {
  const own = found.has("tls", "authority");
  const given = found.has("tls", "files");
  if (own && given)
    found.error(["tls", "files"], "tls.files and tls.authority are two ways to the same end", { part: "key" });
  if (given && !found.has("tls", "ca")) {
    found.error(["tls", "files"], "tls.files needs tls.ca, the certificate of who signed them", { part: "key" });
  }
  for (const host of given ? Object.keys(hosts) : []) {
    if (!found.has("tls", "files", host))
      found.error(["tls", "files"], `tls.files has no certificate for ${host}`, { part: "key" });
  }
  if (tls?.mode !== "both") return;
  if (!own && !given) {
    found.error(["tls", "mode"], "mode: both needs certificates for servers", { hint: "tls: { authority: {} }" });
  }
  if ((tls.port_offset ?? 0) === 0) {
    found.error(["tls", "mode"], "mode: both needs a second port for TLS", { hint: "port_offset: 1000" });
  }
}

function checkWaivers(view: LenientDeployment, found: Findings, today: string): void {
  for (const [index, waiver] of (view.preflight?.waive ?? []).entries()) {
    if (waiver.until === undefined || waiver.until >= today) continue;
    const path = ["preflight", "waive", index, "until"];
    found.warn(
      path,
      `the waiver of ${waiver.check ?? "this check"} ended on ${waiver.until}`,
      "mend it, or set a new day",
    );
  }
}
