import { tenths } from "./analyse-origin.ts";
import type { Recording, RoleSample } from "./recording.ts";
import type { DrillReport, DrillTimeline } from "./report-schema.ts";

type TwoPrimaries = DrillReport["two_primaries"][number];
type RoleSpan = DrillTimeline["roles"][number]["spans"][number];

/** The role samples of the instances that the fault is about, each instance's own in the order of time. */
export function rolesOf(recording: Recording): ReadonlyMap<string, readonly RoleSample[]> {
  const group = groupOf(recording);
  const found = new Map<string, RoleSample[]>();
  for (const sample of [...recording.roles].sort((a, b) => a.at - b.at)) {
    if (!group.has(sample.instance)) continue;
    const samples = found.get(sample.instance);
    if (samples) samples.push(sample);
    else found.set(sample.instance, [sample]);
  }
  return found;
}

/** In a cluster the old primary and whatever ever followed it or its successor; elsewhere everybody. */
function groupOf({ kind, roles, old_primary, new_primary }: Recording): Set<string> {
  if (kind !== "cluster") return new Set(roles.map(({ instance }) => instance));
  const heads = new Set([old_primary, new_primary].filter((head) => head !== null));
  const members = roles.filter(
    ({ follows, instance }) => heads.has(instance) || (follows !== null && heads.has(follows)),
  );
  return new Set(members.map(({ instance }) => instance));
}

/** Each time since then that an instance which had been a replica became a primary, in the order of time. */
export function promotionsOf(
  roles: ReadonlyMap<string, readonly RoleSample[]>,
  since: number,
): { readonly instance: string; readonly at: number }[] {
  const found = [...roles.values()].flatMap((samples) => {
    // One that is promoted is silent for a moment: it disconnects its clients.
    const known = samples.filter(({ answers, role }) => answers && role !== null);
    return known.filter(
      ({ role, at }, index) => at > since && role === "primary" && known[index - 1]?.role === "replica",
    );
  });
  return found.map(({ instance, at }) => ({ instance, at })).sort((a, b) => a.at - b.at);
}

/** The times with more than one instance that would accept a write, and which they were. */
export function twoPrimaries(
  roles: ReadonlyMap<string, readonly RoleSample[]>,
  { origin, ended }: { origin: number; ended: number },
): TwoPrimaries[] {
  const changes = [...roles.values()].flat().sort((a, b) => a.at - b.at);
  const writable = new Set<string>();
  const spans: TwoPrimaries[] = [];
  let open: { from: number; instances: Set<string> } | undefined;
  const close = (at: number) => {
    if (open && at > open.from) {
      spans.push({
        from_ms: tenths(open.from - origin),
        to_ms: tenths(at - origin),
        instances: [...open.instances].sort(),
      });
    }
    open = undefined;
  };
  for (const sample of changes) {
    if (sample.writable) writable.add(sample.instance);
    else writable.delete(sample.instance);
    if (writable.size < 2) close(sample.at);
    else {
      open ??= { from: sample.at, instances: new Set() };
      for (const instance of writable) open.instances.add(instance);
    }
  }
  close(ended);
  return spans;
}

/**
 * From when on there was one primary and every other instance of the start followed it, link up, until the end of the
 * recording; undefined where that was not so at its end, or was never otherwise since `since`.
 */
export function redundantSince(roles: ReadonlyMap<string, readonly RoleSample[]>, since: number): number | undefined {
  const now = new Map<string, RoleSample>();
  let broken = false;
  let from: number | undefined;
  for (const sample of [...roles.values()].flat().sort((a, b) => a.at - b.at)) {
    now.set(sample.instance, sample);
    if (sample.at < since) continue;
    const whole = now.size === roles.size && isRedundant([...now.values()]);
    broken ||= !whole;
    if (!whole) from = undefined;
    else from ??= sample.at;
  }
  return broken ? from : undefined;
}

function isRedundant(samples: readonly RoleSample[]): boolean {
  const primaries = samples.filter(({ answers, role }) => answers && role === "primary");
  const replicas = samples.filter(({ answers, role, link_up }) => answers && role === "replica" && link_up === true);
  return primaries.length === 1 && replicas.length === samples.length - 1;
}

/** What each instance was over time, for drawing. */
export function roleSpans(
  roles: ReadonlyMap<string, readonly RoleSample[]>,
  { origin, ended }: { origin: number; ended: number },
): DrillTimeline["roles"] {
  return [...roles]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([instance, samples]) => {
      const spans: RoleSpan[] = [];
      for (const [index, sample] of samples.entries()) {
        const to = tenths((samples[index + 1]?.at ?? ended) - origin);
        const from = tenths(sample.at - origin);
        const state = stateOf(sample);
        const last = spans.at(-1);
        if (last?.state === state) last.to_ms = to;
        else if (to > from) spans.push({ from_ms: from, to_ms: to, state });
      }
      return { instance, spans };
    });
}

function stateOf({ answers, role, link_up }: RoleSample): RoleSpan["state"] {
  if (!answers) return "down";
  if (role === "replica") return link_up === true ? "replica" : "replica_link_down";
  return role ?? "unknown";
}
