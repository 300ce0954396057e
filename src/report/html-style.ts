/** The report's look: readable on a phone, on a screen, on paper, and in the dark; nothing is fetched. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --ink: #1c2026; --soft: #59626e; --line: #d9dee5; --paper: #fff; --card: #f5f7f9;
  --good: #1a7f37; --warn: #9a6700; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9aa4b1; --line: #343b45; --paper: #14171b;
  --card: #1d2127; --good: #4ac26b; --warn: #d4a72c; --bad: #ff7b72; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: var(--paper);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .75rem; }
code, pre { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { margin: .25rem 0; white-space: pre-wrap; }
.verdict { border-left: 5px solid; padding: .6rem .9rem; background: var(--card); margin: 1rem 0 1.5rem; font-size: 1.05rem; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.verdict span { color: var(--ink); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.25rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
ol, ul { margin: 0; padding-left: 1.4rem; }
.ops { list-style: none; padding: 0; border-top: 1px solid var(--line); }
.ops > li { border-bottom: 1px solid var(--line); padding: .55rem 0; break-inside: avoid; }
.head { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr) minmax(0, 12rem) minmax(0, 13rem) 5rem; gap: 0 1rem; align-items: baseline; }
.time, .took { color: var(--soft); font-variant-numeric: tabular-nums; } .took { text-align: right; }
.more { margin: .3rem 0 0 8.5rem; } .more .soft, .soft { color: var(--soft); }
.card { background: var(--card); padding: .75rem .9rem; }
@media (max-width: 44rem) {
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; }
  .head { grid-template-columns: 1fr auto; } .head .name { grid-column: 1 / -1; grid-row: 1; }
  .time { grid-row: 2; } .took { grid-row: 2; } .where, .how { grid-column: 1 / -1; } .more { margin-left: 0; }
}
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --card: #fff; --good: #000; --warn: #000; --bad: #000; }
  body { font-size: 10.5pt; max-width: none; padding: 0; } h2 { break-after: avoid; }
}
`;
