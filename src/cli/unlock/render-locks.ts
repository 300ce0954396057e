import { formatDuration } from "../../core/units.ts";
import type { HostLock, LocalLock, Removal } from "../../use-cases/lock-views.ts";
import { type Cell, renderTable } from "../output/table.ts";
import type { Theme } from "../output/theme.ts";

interface Look {
  readonly theme: Theme;
  readonly width: number | undefined;
}

/** Who has which host, since when and for how long; below it what this machine itself has noted. */
export function renderLocks(
  deployment: string,
  hosts: readonly HostLock[],
  local: readonly LocalLock[],
  look: Look,
): string {
  const { theme } = look;
  const taken = hosts.some(({ state }) => state === "live" || state === "stale") || local.length > 0;
  const head = taken ? `Locks of ${theme.strong(deployment)}` : `${theme.strong(deployment)} is not locked`;
  const rows = hosts.map((lock): Cell[] => [
    lock.host,
    painted(lock.state, theme),
    lock.run ?? theme.symbols.none,
    lock.user ?? theme.symbols.none,
    lock.controller ?? theme.symbols.none,
    lock.since ?? theme.symbols.none,
    lock.lease_left_ms === null ? theme.symbols.none : formatDuration(lock.lease_left_ms),
    lock.error ?? lock.directory ?? "",
  ]);
  const columns = [
    { header: "HOST" },
    { header: "STATE" },
    { header: "RUN" },
    { header: "USER", shrinkTo: 8 },
    { header: "FROM", shrinkTo: 8 },
    { header: "SINCE", dropOrder: 2 },
    { header: "LEASE LEFT", align: "right" as const },
    { header: "WHERE", dropOrder: 1 },
  ];
  const table = renderTable(columns, rows, {
    theme,
    indent: 2,
    ...(look.width === undefined ? {} : { width: look.width }),
  });
  return [head, table, ...here(local, theme)].join("\n");
}

/** What became of the locks of a run, a line per place. */
export function renderRemovals(run: string, removals: readonly Removal[], theme: Theme): string {
  if (removals.every(({ outcome }) => outcome === "none")) return `run ${run} has no lock`;
  return removals
    .map(({ host, outcome, path, error }) => {
      if (outcome === "removed") return `${theme.good(theme.symbols.ok)} ${host}: removed ${path}`;
      if (outcome === "none") return `${theme.dim(theme.symbols.dot)} ${host}: there was none`;
      return `${theme.bad(theme.symbols.bad)} ${host}: ${error}`;
    })
    .join("\n");
}

function here(local: readonly LocalLock[], theme: Theme): string[] {
  const runs = new Map(local.map((lock) => [`${lock.run} ${lock.pid}`, lock]));
  return [...runs.values()].map(
    ({ run, user, pid, since, state }) =>
      `  on this machine: ${run ?? "an unreadable file"} of ${user ?? "?"}, process ${pid ?? "?"}, since ${since ?? "?"}: ${state === "live" ? theme.warn("live") : theme.dim("stale, its process is dead")}`,
  );
}

function painted(state: HostLock["state"], theme: Theme): Cell {
  const paint = {
    free: theme.good,
    live: theme.warn,
    stale: theme.dim,
    unreachable: theme.bad,
    not_protected: theme.dim,
  };
  return { text: state.replace("_", " "), paint: paint[state] };
}
