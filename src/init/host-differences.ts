import type { Difference } from "./differences.ts";

/** How a host is set now, as far as servers depend on it. */
export interface HostState {
  readonly systemd: boolean;
  readonly sysctl: { readonly overcommit_memory: number; readonly swappiness: number; readonly somaxconn: number };
  /** The word in brackets; empty where the kernel has none. */
  readonly huge_pages: string;
  readonly server: { readonly unit: string; readonly nofile: number } | null;
  readonly logrotate: { readonly installed: boolean; readonly covered: boolean };
  /** What is to keep the clock right; no unit where that is left alone. */
  readonly time_service: { readonly unit: string | null; readonly enabled: boolean; readonly active: boolean };
  /** The unit that switches huge pages off. */
  readonly huge_pages_unit: { readonly enabled: boolean; readonly active: boolean };
}

/** How it is to be: what the runbook init-os asks for. */
export interface HostWanted {
  readonly swappiness: number;
  readonly somaxconn: number;
  readonly nofile: number;
}

const NEVER = ["never", ""];

/** Where the system of a host is not as init-os sets it. Files are held against theirs elsewhere. */
export function hostDifferences(state: HostState, wanted: HostWanted): Difference[] {
  const { sysctl, huge_pages: pages, huge_pages_unit: unit, server, time_service: time } = state;
  const numbers = [
    { name: "vm.overcommit_memory", was: sysctl.overcommit_memory, will: 1 },
    { name: "vm.swappiness", was: sysctl.swappiness, will: wanted.swappiness },
    { name: "net.core.somaxconn", was: sysctl.somaxconn, will: Math.max(sysctl.somaxconn, wanted.somaxconn) },
    ...(server ? [{ name: `LimitNOFILE of ${server.unit}`, was: server.nofile, will: atLeast(server, wanted) }] : []),
  ];
  const huge = NEVER.includes(pages) ? [] : [{ name: "transparent huge pages", was: pages, will: "never" }];
  return [
    ...numbers.flatMap(({ name, was, will }) => (was === will ? [] : [{ name, was: String(was), will: String(will) }])),
    ...(state.systemd ? huge : []),
    ...(state.systemd ? unitDifference("redisha-huge-pages.service", unit) : []),
    ...(time.unit === null ? [] : unitDifference(time.unit, time)),
  ];
}

function unitDifference(name: string, { enabled, active }: { enabled: boolean; active: boolean }): Difference[] {
  const was = `${enabled ? "enabled" : "disabled"}, ${active ? "active" : "inactive"}`;
  return enabled && active ? [] : [{ name, was, will: "enabled, active" }];
}

function atLeast({ nofile }: { readonly nofile: number }, wanted: HostWanted): number {
  return Math.max(nofile, wanted.nofile);
}
