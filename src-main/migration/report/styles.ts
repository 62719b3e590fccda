/** The page's looks: the console's colours, light and dark, and plain on paper. */
export const styles = `
:root { color-scheme: light dark; --ground: light-dark(#eff3f4, #0f191e); --surface: light-dark(#fff, #16232a);
  --ink: light-dark(#14252c, #e4edef); --ink-2: light-dark(#43565e, #adbec5); --line: light-dark(#d9e1e3, #24353d);
  --accent: light-dark(#0b5a6e, #5fc3d6); --other: light-dark(#5a6b78, #a7b6c2);
  --ok: light-dark(#17663d, #77cf9b); --warn: light-dark(#7d4b00, #e9b95c); --bad: light-dark(#a3221c, #f7978d); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'Noto Sans CJK SC', 'Noto Sans CJK KR', sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 32px 20px 48px; }
h1 { font-size: 24px; line-height: 1.25; margin: 0; }
h2 { font-size: 17px; margin: 0 0 12px; }
h3 { font-size: 15px; margin: 20px 0 4px; }
p { margin: 4px 0; }
.route { color: var(--ink-2); font-size: 16px; }
.outcome { font-weight: 600; }
.ok { color: var(--ok); } .warn { color: var(--warn); } .bad { color: var(--bad); }
section { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 20px; margin-top: 16px; }
dl { display: grid; grid-template-columns: minmax(9em, 1fr) 2.4fr; gap: 6px 16px; margin: 0; }
dt { color: var(--ink-2); } dd { margin: 0; font-variant-numeric: tabular-nums; }
.table { overflow-x: auto; margin-top: 8px; }
table { width: 100%; border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); }
th { color: var(--ink-2); font-weight: 600; }
td.unbroken { white-space: nowrap; width: 1%; }
tr:last-child td { border-bottom: 0; }
figure { margin: 0 0 24px; } figure:last-child { margin: 0; }
figcaption { font-weight: 600; }
.key { font-weight: 400; color: var(--ink-2); margin-left: 12px; }
.key::before { content: ''; display: inline-block; width: 18px; border-top: 2px solid var(--accent); margin-right: 6px; vertical-align: middle; }
.key-0::before { border-top-style: dashed; border-color: var(--other); }
svg { display: block; width: 100%; height: auto; margin-top: 6px; }
.axis { font-size: 11px; fill: var(--ink-2); } .grid { stroke: var(--line); }
.line { fill: none; stroke: var(--accent); stroke-width: 1.6; }
.line-0:not(:last-child) { stroke: var(--other); stroke-dasharray: 5 3; }
.span { fill: var(--warn); opacity: 0.25; }
footer { color: var(--ink-2); font-size: 13px; margin-top: 20px; }
@media print { :root { color-scheme: light; } body { background: none; } section { break-inside: avoid; } }
`
