import type { PrimaryView, SentinelNode, Topology } from "../../topology/schema.ts";
import { type Cell, renderTable } from "../output/table.ts";
import { oneLine, wrap } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";
import { reachWord } from "./reach-word.ts";
import type { RenderStatusOptions } from "./render-status.ts";

/** One line where all Sentinels are up and agree; else a row for each, and who takes whom for the primary. */
export function renderSentinels(topology: Topology, options: RenderStatusOptions): string {
  const { theme } = options;
  const { sentinels } = topology;
  const up = sentinels.filter((sentinel) => sentinel.up);
  const seen = new Set(up.map((sentinel) => primaryOf(sentinel)));
  const agreed = seen.size === 1 && up.every((sentinel) => sentinel.watching && sentinel.flags.length === 0);
  const facts = [`${up.length} of ${sentinels.length} up`, ...quorumOf(topology)];
  if (agreed) facts.push(`${up.length === 1 ? "it sees" : "all see"} ${[...seen][0]} as primary`);
  const title = wrap(
    facts.join(", "),
    options.width ?? Number.POSITIVE_INFINITY,
    `${theme.strong("SENTINELS")}  `,
    "  ",
  );
  const detailed = options.wide === true || !agreed || up.length < sentinels.length;
  if (!detailed) return title;
  const parts = [title, sentinelTable(sentinels, options)];
  if (!agreed) parts.push(...viewLines(topology.views, options.width ?? Number.POSITIVE_INFINITY));
  return parts.join("\n");
}

function sentinelTable(sentinels: readonly SentinelNode[], options: RenderStatusOptions): string {
  const { theme, wide = false } = options;
  return renderTable(
    [
      { header: "SENTINEL", shrinkTo: 12, cut: "middle" },
      { header: "STATE", shrinkTo: 12 },
      { header: "SEES AS PRIMARY", shrinkTo: 12, cut: "middle" },
      { header: "AND SAYS", shrinkTo: 10 },
      { header: "OTHERS UP" },
      ...(wide ? [{ header: "EPOCH" }, { header: "DOWN AFTER" }, { header: "CKQUORUM" }, { header: "VERSION" }] : []),
    ],
    sentinels.map((sentinel) => [
      oneLine(sentinel.id),
      stateOf(sentinel, theme),
      sentinel.up ? primaryOf(sentinel) : theme.symbols.none,
      sentinel.flags.length === 0 ? theme.symbols.none : { text: sentinel.flags.join(","), paint: theme.bad },
      !sentinel.up || sentinel.others === null
        ? theme.symbols.none
        : `${sentinel.others_reachable ?? "?"} of ${sentinel.others}`,
      ...(wide ? wideCells(sentinel, theme) : []),
    ]),
    { theme, indent: 2, ...(options.width === undefined ? {} : { width: options.width }) },
  );
}

function wideCells(sentinel: SentinelNode, theme: Theme): Cell[] {
  const none = theme.symbols.none;
  return [
    sentinel.config_epoch === null ? none : String(sentinel.config_epoch),
    sentinel.down_after_ms === null ? none : `${sentinel.down_after_ms}ms`,
    sentinel.ckquorum_ok === null ? none : sentinel.ckquorum_ok ? "OK" : { text: "no", paint: theme.bad },
    sentinel.version ?? none,
  ];
}

function stateOf(sentinel: SentinelNode, theme: Theme): Cell {
  const { ok, warn, bad } = theme.symbols;
  if (!sentinel.up) return { text: `${bad} ${reachWord(sentinel.reach.code)}`, paint: theme.bad };
  if (!sentinel.watching) return { text: `${bad} does not watch`, paint: theme.bad };
  if (sentinel.tilt) return { text: `${warn} TILT`, paint: theme.warn };
  return { text: `${ok} up`, paint: theme.good };
}

/** Who is the primary, by each that was asked: those who say the same stand on one line. */
function viewLines(views: readonly PrimaryView[], width: number): string[] {
  const bySaid = new Map<string, string[]>();
  for (const view of views) {
    const said = view.primary_id ?? view.address ?? "nobody";
    bySaid.set(said, [...(bySaid.get(said) ?? []), view.source]);
  }
  if (bySaid.size < 2) return [];
  return [...bySaid].map(([said, sources]) =>
    wrap(`${oneLine(said)} is the primary by: ${sources.map(oneLine).join(", ")}`, width, "  ", "    "),
  );
}

function quorumOf(topology: Topology): string[] {
  const quorums = new Set(topology.sentinels.flatMap((each) => (each.quorum === null ? [] : [each.quorum])));
  if (quorums.size > 1) return [`quorums ${[...quorums].join(" and ")}`];
  const quorum = [...quorums][0] ?? topology.declared_quorum;
  const majority = Math.floor(topology.sentinels.length / 2) + 1;
  return quorum === null || quorum === undefined ? [] : [`quorum ${quorum}, majority ${majority}`];
}

function primaryOf(sentinel: SentinelNode): string {
  return oneLine(sentinel.primary_id ?? sentinel.primary_address ?? "nobody");
}
