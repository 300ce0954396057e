import type { Addresses } from "../addresses.ts";
import { AttemptLog } from "../attempt-log.ts";
import { slotOf } from "../hash-slot.ts";
import type { ProbeKind, StalenessSample } from "../recording.ts";
import { type DrillSettings, keyOf } from "../settings.ts";
import { AskingRoute, type Question } from "./asking-route.ts";
import type { ClientOptions } from "./client.ts";
import { FollowingRoute } from "./following-route.ts";
import { askRole, askSentinel, askSlots } from "./questions.ts";
import { Reader, readerRoute } from "./reader.ts";
import { RedirectedRoute } from "./redirected-route.ts";
import { type Route, stickyRoute } from "./route.ts";
import { Writer } from "./writer.ts";

/** The end of an outage is found to so many milliseconds; all probes together try no more than a thousand times a second. */
const LEAST_RETRY_MS = 5;

interface Surroundings extends Pick<ClientOptions, "now" | "onAttempt" | "dialer" | "limits"> {
  readonly addresses: Addresses;
  readonly onStaleness: (sample: StalenessSample) => void;
}

/** The probes of a drill, not yet started. Readers read what the first writer that re-resolves writes, or the first of all. */
export function makeProbes(settings: DrillSettings, around: Surroundings): { writers: Writer[]; readers: Reader[] } {
  const options = ({ name, kind }: DrillSettings["probes"][number], route: Route): ClientOptions => ({
    ...{
      name,
      kind,
      route,
      dialer: around.dialer,
      limits: around.limits,
      now: around.now,
      onAttempt: around.onAttempt,
    },
    ...{ answerMs: settings.answer_ms, rate: settings.rate, log: new AttemptLog() },
    retryMs: Math.max(LEAST_RETRY_MS, settings.probes.length),
  });
  const writers = settings.probes
    .filter(({ kind }) => kind !== "reader")
    .map(
      (probe) =>
        new Writer({
          ...options(probe, routeOf(probe.kind, settings, around)),
          key: keyOf(settings, probe.name),
          expireS: settings.expire_s,
          ...(probe.kind === "wait_1" ? { confirmedBy: settings.wait_replicas } : {}),
        }),
    );
  const of = writers.find(({ kind }) => kind === "re_resolve") ?? writers[0];
  if (!of) throw new TypeError("a drill needs a writer");
  const replicas = settings.members.filter((id) => id !== settings.old_primary);
  const readers = settings.probes
    .filter(({ kind }) => kind === "reader")
    .map(
      (probe, n) =>
        new Reader({
          // Each begins with another replica.
          ...options(probe, readerRoute(rotated(replicas, n), settings.old_primary)),
          of,
          inCluster: settings.kind === "cluster",
          onStaleness: around.onStaleness,
        }),
    );
  return { writers, readers };
}

function routeOf(kind: ProbeKind, settings: DrillSettings, { dialer, limits, addresses }: Surroundings): Route {
  const { old_primary, members, master_name } = settings;
  if (kind === "sticky") return stickyRoute(old_primary);
  if (settings.kind === "cluster" && kind === "subscriber") return new RedirectedRoute(old_primary, members, addresses);
  const asking = (askable: readonly string[], question: Question) =>
    new AskingRoute(dialer, limits, old_primary, askable, question);
  const data = settings.instances.filter((each) => each.kind === "data").map(({ id }) => id);
  if (settings.kind === "cluster") return asking(data, askSlots(slotOfTag(settings.prefix), addresses));
  if (master_name === null) return asking(data, askRole);
  const sentinels = settings.instances.filter((each) => each.kind === "sentinel").map(({ id }) => id);
  const route = asking(sentinels, askSentinel(master_name, addresses));
  if (kind !== "subscriber") return route;
  return new FollowingRoute(route, dialer, limits, sentinels, master_name, addresses);
}

/** The slot of all keys with this prefix, which holds a hash tag. */
function slotOfTag(prefix: string): number {
  return slotOf(/\{(.*?)\}/.exec(prefix)?.[1] ?? prefix);
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const start = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
