import { formatDuration } from "../core/units.ts";
import { type DrillPolicy, WRITER_KINDS } from "../inventory/model.ts";
import type { DrillBudget, DrillFigures, DrillReport } from "./report-schema.ts";

type Verdict = DrillReport["verdict"];
type Breach = Verdict["breaches"][number];

/** A sticky client stays away by its own fault; it is shown and does not count, unless redisha.yaml says so. */
const COUNTED = WRITER_KINDS.filter((kind) => kind !== "sticky");

/** What a drill may cost, as redisha.yaml says, and whose figures count. */
export function budgetOf(policy: DrillPolicy | undefined): DrillBudget {
  return {
    write_outage_ms: policy?.writeOutageMs ?? null,
    read_outage_ms: policy?.readOutageMs ?? null,
    recovery_ms: policy?.recoveryMs ?? null,
    lost_writes: policy?.lostWrites ?? null,
    clients: [...(policy?.clients ?? COUNTED)],
  };
}

/**
 * Holds the figures against the budget. What is over a limit, or was not even reached, exceeds it. What was not measured
 * proves nothing: it is neither within nor over. A refused write that is there is wrong under any budget.
 */
export function judgeFigures(figures: DrillFigures, budget: DrillBudget): Verdict {
  const { write_outage_ms, read_outage_ms, redundant_ms, lost_writes } = figures;
  const over = [
    ...time("write_outage_ms", "the write outage", budget.write_outage_ms, write_outage_ms, figures.write_outage_open),
    ...time("read_outage_ms", "the read outage", budget.read_outage_ms, read_outage_ms, figures.read_outage_open),
    ...recovery(budget.recovery_ms, redundant_ms),
    ...loss(budget.lost_writes, lost_writes),
    ...written(figures.refused_found),
  ];
  const missing = [
    ...(budget.write_outage_ms !== null && write_outage_ms === null ? ["the write outage"] : []),
    ...(budget.read_outage_ms !== null && read_outage_ms === null ? ["the read outage"] : []),
    ...(budget.lost_writes !== null && lost_writes === null ? ["the lost writes"] : []),
  ];
  if (over.length > 0) {
    return { state: "exceeded", summary: sentence(over.map(({ message }) => message)), breaches: over };
  }
  if (missing.length > 0) {
    return { state: "unproven", summary: sentence([`not measured: ${missing.join(", ")}`]), breaches: [] };
  }
  const { clients: _, ...limits } = budget;
  if (Object.values(limits).every((limit) => limit === null)) {
    return { state: "no_budget", summary: "No budget is set in redisha.yaml (drill.budget).", breaches: [] };
  }
  return { state: "within", summary: "Within the budget.", breaches: [] };
}

function time(figure: string, what: string, limit: number | null, actual: number | null, open: boolean): Breach[] {
  if (limit === null || actual === null || (actual <= limit && !open)) return [];
  const took = open ? `had not ended after ${formatDuration(actual)}` : `was ${formatDuration(actual)}`;
  return [{ figure, limit, actual, message: `${what} ${took}, ${formatDuration(limit)} are allowed` }];
}

function recovery(limit: number | null, actual: number | null): Breach[] {
  if (limit === null || (actual !== null && actual <= limit)) return [];
  const took = actual === null ? "was not reached" : `took ${formatDuration(actual)}`;
  const message = `full redundancy ${took}, ${formatDuration(limit)} are allowed`;
  return [{ figure: "redundant_ms", limit, actual, message }];
}

function loss(limit: number | null, actual: number | null): Breach[] {
  if (limit === null || actual === null || actual <= limit) return [];
  const writes = `${actual} acknowledged ${actual === 1 ? "write was" : "writes were"} lost`;
  return [
    { figure: "lost_writes", limit, actual, message: `${writes}, ${limit} ${limit === 1 ? "is" : "are"} allowed` },
  ];
}

function written(actual: number | null): Breach[] {
  if (actual === null || actual === 0) return [];
  const message = `${actual} refused ${actual === 1 ? "write was" : "writes were"} there nevertheless`;
  return [{ figure: "refused_found", limit: null, actual, message }];
}

function sentence(parts: readonly string[]): string {
  const text = parts.join("; ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
