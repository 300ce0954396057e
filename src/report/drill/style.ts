/** What a drill's page has beyond REPORT_STYLE: cards of figures, tables, and the colours of the drawing. */
export const DRILL_STYLE = `
:root { --ack: #2a9d5c; --fail: #cf222e; --fail-bed: #ffd8d6; --primary: #2f6fd0; --replica: #a9c7f2; --linkdown: #f0c36d;
  --off: #6b7480; --both: #e0700033; --re_resolve: #2f6fd0; --subscriber: #8a4fc4; --sticky: #b35900; --wait_1: #13807b; }
@media (prefers-color-scheme: dark) { :root { --ack: #3fb56f; --fail: #ff6b62; --fail-bed: #5a1f1f; --primary: #5b95ee;
  --replica: #2c4a78; --linkdown: #8a6a1d; --off: #7b8490; --both: #ff9a3c40; --re_resolve: #6ba2f5; --subscriber: #bb8bec;
  --sticky: #f0a04b; --wait_1: #45bdb6; } }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem; padding: 0; margin: 0; list-style: none; }
.cards li { background: var(--card); border-top: 4px solid var(--line); padding: .6rem .8rem .7rem; break-inside: avoid; }
.cards li.good { border-color: var(--good); } .cards li.bad { border-color: var(--bad); }
.cards b { display: block; font-size: 1.6rem; line-height: 1.3; font-variant-numeric: tabular-nums; color: var(--ink); }
.cards .bad b { color: var(--bad); }
.cards span { color: var(--soft); font-size: .87rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; min-width: 50%; font-size: .93rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem 1.4rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 500; } th.num, td.num { text-align: right; } td.num { white-space: nowrap; }
tr { break-inside: avoid; } .nowrap { white-space: nowrap; }
svg { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .tick { fill: var(--soft); font-size: 10px; } svg .name { font-size: 12px; }
svg .halo { paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
.bed { fill: var(--card); } .grid { stroke: var(--line); stroke-width: 1; }
.ack { fill: var(--ack); } .hatch-bed { fill: var(--fail-bed); } .hatch-line { fill: var(--fail); }
.fail { fill: url(#hatch); } .defs { position: absolute; width: 0; height: 0; }
.latency { fill: none; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
.latency.re_resolve { stroke: var(--re_resolve); } .latency.subscriber { stroke: var(--subscriber); stroke-dasharray: 6 2; }
.latency.sticky { stroke: var(--sticky); stroke-dasharray: 2 3; } .latency.wait_1 { stroke: var(--wait_1); stroke-dasharray: 8 2 2 2; }
.role.primary { fill: var(--primary); } .role.replica { fill: var(--replica); } .role.replica_link_down { fill: var(--linkdown); }
.role.down, .role.unknown { fill: none; stroke: var(--off); stroke-dasharray: 3 3; }
svg .role-word.primary { fill: #fff; } svg .role-word.down { fill: var(--soft); }
.both { fill: var(--both); } .phase { stroke: var(--ink); stroke-width: .8; opacity: .55; }
svg .label { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; font-size: 11px; }
.bar { fill: var(--primary); } .over { fill: var(--fail); } .limit { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 5 3; }
.narrow { display: none; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: .6rem 0 0; padding: 0; list-style: none; font-size: .85rem; color: var(--soft); }
.legend svg { display: inline-block; width: 26px; height: 12px; vertical-align: -1px; margin-right: .35rem; }
@media (max-width: 44rem) { .wide { display: none; } .narrow { display: block; } .chart { min-width: 40rem; } .cards b { font-size: 1.35rem; }
  .cards { grid-template-columns: 1fr 1fr; } }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  :root { --ack: #2a9d5c; --fail: #b00; --fail-bed: #fdd; --primary: #2f6fd0; --replica: #bcd4f5; --linkdown: #f0c36d; --off: #666;
    --both: #e0700033; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  body { font-size: 8.5pt; line-height: 1.35; } h1 { font-size: 14pt; margin: 0 0 .25rem; } h2 { margin: .9rem 0 .3rem; }
  .verdict { margin: .4rem 0 .6rem; padding: .3rem .7rem; font-size: 10pt; } .cards { gap: .5rem; grid-template-columns: repeat(5, 1fr); }
  .cards li { padding: .25rem .6rem .35rem; } .cards b { font-size: 14pt; line-height: 1.15; } .timeline { max-height: 100mm; }
  th, td { padding-top: .15rem; padding-bottom: .15rem; } section > p { margin: 0 0 .3rem; }
  .wide { display: block; } .narrow { display: none; } .scroll { overflow: visible; }
  .cards li { border: 1px solid var(--line); border-top-width: 4px; } .timeline { break-inside: avoid; }
}
`;
