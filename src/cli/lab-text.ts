import { quote } from "../connect/quote.ts";
import { formatDuration } from "../core/units.ts";
import type { LabStatus, LabUpResult, ProcessStatus } from "../lab/results.ts";
import { type Cell, renderTable } from "./output/table.ts";
import type { Theme } from "./output/theme.ts";

/** What `lab up` tells: that it is there, and what to type next. `dir` is --dir, where it was given. */
export function labUpText(lab: LabUpResult, theme: Theme, dir: string | undefined): string {
  const choice = `--name ${lab.name}${dir === undefined ? "" : ` --dir ${quote(dir)}`}`;
  const ssh = lab.processes.find((process) => process.service === "sshd");
  const next = [
    ["redisha status", `redisha status --file ${quote(lab.file)}`],
    ["processes", `redisha lab ps ${choice}`],
    ...(ssh ? [["a host", `ssh -F ${quote(`${lab.folder}/ssh/config`)} ${ssh.host}`]] : []),
    ["a crash", `redisha lab kill ${choice} ${lab.processes.find((each) => each.service === "redis")?.id ?? ""}`],
    ["clean up", `redisha lab down ${choice}`],
  ];
  const ready = `${theme.good(theme.symbols.ok)} ${theme.strong(lab.name)} is ${lab.reused ? "there" : "up"}: ${summary(lab)} (${formatDuration(lab.ready_ms)})`;
  return [ready, "", ...next.map(([what = "", command = ""]) => `  ${theme.dim(what.padEnd(15))} ${command}`)].join(
    "\n",
  );
}

/** The labs one below the other, each with its processes. */
export function labPsText(labs: readonly LabStatus[], options: { theme: Theme; width?: number }): string {
  if (labs.length === 0) return "no lab is up";
  return labs
    .map((lab) => `${options.theme.strong(lab.name)}: ${summary(lab)}\n${processTable(lab.processes, options)}`)
    .join("\n\n");
}

function processTable(processes: readonly ProcessStatus[], { theme, width }: { theme: Theme; width?: number }): string {
  const paint = { running: theme.good, stopped: theme.warn, dead: theme.bad };
  const rows = processes.map((process): Cell[] => [
    process.id,
    process.service,
    `${process.address}:${process.port}`,
    { text: process.state, paint: paint[process.state] },
    process.pid === null ? theme.symbols.none : String(process.pid),
    process.log,
  ]);
  const columns = [
    { header: "PROCESS" },
    { header: "SERVICE" },
    { header: "ADDRESS" },
    { header: "STATE" },
    { header: "PID", align: "right" as const },
    { header: "LOG", dropOrder: 1 },
  ];
  return renderTable(columns, rows, { theme, indent: 2, ...(width === undefined ? {} : { width }) });
}

function summary(lab: LabStatus): string {
  const count = (service: string): number => lab.processes.filter((process) => process.service === service).length;
  const sentinels = count("sentinel");
  return [
    `${lab.topology}, ${count("redis")} data nodes`,
    ...(sentinels > 0 ? [`${sentinels} Sentinels`] : []),
    `${lab.engine.name} ${lab.engine.version}`,
    ...(lab.tls ? ["TLS"] : []),
    ...(lab.auth === "none" ? [] : [lab.auth === "acl" ? "ACL" : "password"]),
  ].join(", ");
}
