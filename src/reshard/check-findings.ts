import { finding } from "../topology/findings/case.ts";
import { printRanges } from "../topology/parse/slots.ts";
import type { Finding } from "../topology/schema.ts";
import { count, few, list } from "../topology/words.ts";
import { belongs } from "./members.ts";
import { type Fault, type Holding, type SlotFault, slotFaults } from "./slot-fault.ts";
import { rangesOf } from "./slot-list.ts";

/** One attempt to connect to the bus of an instance from another host. */
export interface BusWay {
  readonly from: string;
  readonly instance: string;
  readonly port: number;
  readonly answer: "open" | "refused" | "silent" | "unknown";
}

/** What is wrong with a cluster beyond what every node says of itself: half-moved slots, keys in the wrong place, closed ways. */
export function checkFindings(holdings: readonly Holding[], ways: readonly BusWay[]): Finding[] {
  return [...slotFindings(slotFaults(holdings)), ...strangers(holdings), ...closedBuses(ways)];
}

interface Telling {
  readonly severity: Finding["severity"];
  /** What it means for clients. */
  readonly means: string;
}

/** What stands in the verdict already is left out: an owner that is down, and news that has not spread. */
const TELLINGS: Readonly<Partial<Record<Fault, Telling>>> = {
  in_progress: {
    severity: "warning",
    means: "a move is under way or was broken off, and keys lie on both sides: clients find them all, by ASK",
  },
  open_at_both: { severity: "warning", means: "a move was opened and no key has moved" },
  open_at_source: {
    severity: "warning",
    means: "only the owner knows of a move: who asks for a missing key is sent to somebody who sends him back",
  },
  open_at_target: {
    severity: "warning",
    means: "only the target knows of a move, and it believes no news of the owner",
  },
  target_told: {
    severity: "critical",
    means: "the target was told that it owns it and the source was not: two nodes serve it until the news spreads",
  },
  source_told: { severity: "critical", means: "the source gave it up before the target was told: nobody serves it" },
  dead_end: { severity: "warning", means: "the owner sends clients for missing keys to a node that is gone" },
  lost_mark: {
    severity: "critical",
    means: "keys came there by a move of which the owner knows nothing since a failover: no client finds them",
  },
  stray_keys: { severity: "critical", means: "it holds keys of slots that it does not own: no client finds them" },
  needless_mark: { severity: "warning", means: "a mark is left that means nothing any more" },
  replica_mark: {
    severity: "warning",
    means: "a replica holds a mark that its primary has not: it would take it along when it is promoted",
  },
  two_owners: { severity: "critical", means: "several primaries claim it: what one acknowledges the other may delete" },
  nobody: { severity: "critical", means: "nobody owns it, and nobody is dead who did" },
};

/** Slots with the same fault between the same nodes are one finding. */
function slotFindings(faults: readonly SlotFault[]): Finding[] {
  const groups = Map.groupBy(faults, (fault) => `${fault.fault} ${nodesOf(fault).join(" ")}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const telling = first && TELLINGS[first.fault];
    if (!first || !telling) return [];
    const slots = rangesOf(group.map(({ slot }) => slot));
    const keys = group.flatMap((each) => each.keys).reduce((sum, [, held]) => sum + held, 0);
    const nodes = nodesOf(first);
    const where = nodes.length > 0 ? ` (${list(nodes)})` : "";
    const held = keys > 0 ? `, ${count(keys, "key")} with ${list(first.keys.map(([id]) => id))}` : "";
    return [
      finding({
        id: `slot_${first.fault}`,
        severity: telling.severity,
        subject: first.keys[0]?.[0] ?? nodes[0] ?? "cluster",
        message: `${group.length === 1 ? "Slot" : "Slots"} ${printRanges(slots)}${where}${held}: ${telling.means}`,
        evidence: group.slice(0, MOST_SHOWN).map(evidenceOf),
        next: ["redisha cluster fix --dry-run", "is something moving slots now? Then wait for it"],
      }),
    ];
  });
}

const MOST_SHOWN = 20;

function nodesOf({ owner, finish, take, close, gather, keys }: SlotFault): string[] {
  const named = [finish?.from, finish?.to, owner, take, ...close, gather?.to, ...keys.map(([id]) => id)];
  return [...new Set(named.filter((id) => id !== null && id !== undefined))];
}

function evidenceOf({ slot, owner, keys }: SlotFault): string {
  const held = keys.map(([id, many]) => `${id} holds ${count(many, "key")} of it`);
  return [`slot ${slot}: ${owner === null ? "no owner" : `${owner} owns it`}`, ...held].join(", ");
}

/** Nodes that some know and others do not: whoever does not know a primary cannot vote for its replica. */
function strangers(holdings: readonly Holding[]): Finding[] {
  // One that belongs to nobody is told of in the verdict, once.
  const members = holdings.filter(({ view }) => belongs(view));
  const names = new Map(members.map(({ view }) => [view.nodeId, view.instance]));
  const known = members.map(({ view }) => ({
    instance: view.instance,
    ids: new Set(view.lines.filter(({ flags }) => !flags.includes("handshake")).map(({ id }) => id)),
  }));
  const all = new Set(known.flatMap(({ ids }) => [...ids]));
  return [...all].flatMap((id) => {
    const without = known.filter(({ ids }) => !ids.has(id)).map(({ instance }) => instance);
    if (without.length === 0) return [];
    const name = names.get(id) ?? id;
    return [
      finding({
        id: "unknown_to_some",
        severity: "warning",
        subject: name,
        message: `${few(without)} ${without.length === 1 ? "does" : "do"} not know ${name}: they neither talk to it nor vote for it`,
        evidence: known.map(({ instance, ids }) => `${instance} knows ${count(ids.size, "node")}`),
        next: [
          "gossip spreads it within seconds: look again",
          "if it lasts: CLUSTER MEET, or CLUSTER FORGET where it is gone",
        ],
      }),
    ];
  });
}

/** Ports of the bus that other hosts cannot reach. A link that stands hides that until it breaks. */
function closedBuses(ways: readonly BusWay[]): Finding[] {
  const closed = ways.filter(({ answer }) => answer === "silent" || answer === "refused");
  return [...Map.groupBy(closed, ({ instance }) => instance)].map(([instance, group]) =>
    finding({
      id: "bus_port_closed",
      severity: "warning",
      subject: instance,
      message: `The bus port ${group[0]?.port} of ${instance} cannot be reached from ${few(group.map(({ from }) => from))}: links that stand may hide it until they break`,
      evidence: group.map(({ from, port, answer }) => `${from} -> ${instance} bus ${port}: ${answer}`),
      next: [`let the other hosts through to port ${group[0]?.port}`, "redisha run init-firewall --dry-run"],
    }),
  );
}
