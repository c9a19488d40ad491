"""
The style of the health page: light and dark, for a phone and for a desk.

Colours are named by what they mean.  No font, image or script comes from
anywhere: the page works where nothing else does.
"""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f7f7f5; --card: #ffffff; --ink: #1d2329; --soft: #5c6670; --line: #e3e4e1;
  --good: #1a7f4b; --good-wash: #e4f3ea;
  --poor: #8a5a00; --poor-wash: #fbf0d9;
  --bad: #b3261e; --bad-wash: #fbe6e4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --card: #1c2024; --ink: #e6e8ea; --soft: #98a2ab; --line: #2c3238;
    --good: #5cc98d; --good-wash: #16301f;
    --poor: #e0b04d; --poor-wash: #332814;
    --bad: #f2867e; --bad-wash: #3a1d1b;
  }
}
.healthy, .good { --tone: var(--good); --wash: var(--good-wash); }
.degraded, .poor { --tone: var(--poor); --wash: var(--poor-wash); }
.unhealthy, .bad { --tone: var(--bad); --wash: var(--bad-wash); }
*, *::before { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main { max-width: 46rem; margin: 0 auto; padding: 3rem 1.25rem; }
h1, h2, h3, p, ol, ul, dl, dd { margin: 0; padding: 0; }
h1, p { text-wrap: balance; }
ol, ul { list-style: none; }
code, .version, .name { font: 0.9375em ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.verdict { display: flex; align-items: center; gap: 1rem; }
.verdict svg { flex: none; width: 3.25rem; height: 3.25rem; }
.verdict circle { fill: var(--tone); }
.verdict path { fill: none; stroke: var(--ground); stroke-width: 2; stroke-linecap: round;
  stroke-linejoin: round; }
h1 { font-size: 1.875rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.02em;
  color: var(--tone); }
h2 { margin: 2.5rem 0 0.75rem; font-size: 0.8125rem; font-weight: 600; color: var(--soft);
  letter-spacing: 0.06em; text-transform: uppercase; }
.glance { margin-top: 1.75rem; padding: 1.125rem 1.25rem; border: 1px solid var(--line);
  border-radius: 0.75rem; background: var(--card); }
.glance dl { display: grid; gap: 0.875rem 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); }
.glance dt { color: var(--soft); font-size: 0.8125rem; }
.glance dd { font-size: 1.25rem; line-height: 1.4; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere; }
.strip { display: block; width: 100%; height: 0.375rem; margin-top: 1rem;
  border-radius: 0.1875rem; }
.strip rect { fill: var(--tone); shape-rendering: crispEdges; }
.strip .waiting { fill: var(--line); }
.strip .bad { fill: var(--tone); }
.findings li { padding: 0.875rem 1.125rem; border-radius: 0.75rem; background: var(--wash); }
.findings li + li { margin-top: 0.5rem; }
.findings code { padding: 0.0625rem 0.375rem; border-radius: 0.3125rem; background: var(--card);
  white-space: nowrap; }
.findings strong { display: block; margin-bottom: 0.1875rem; font-weight: 600;
  color: var(--tone); overflow-wrap: anywhere; }
.tables { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.tables li { padding: 0.1875rem 0.625rem; border: 1px solid var(--line); border-radius: 0.5rem;
  background: var(--card); font-size: 0.875rem; overflow-wrap: anywhere; }
.tables .bad { border-color: transparent; background: var(--wash); color: var(--tone);
  font-weight: 600; }
.timeline { position: relative; padding-left: 1.75rem; }
.timeline::before { content: ""; position: absolute; left: 6px; top: 2.25rem; bottom: 1.25rem;
  width: 1px; background: var(--line); }
.timeline h3 { position: relative; margin: 1.125rem 0 0.125rem; font-size: 0.875rem;
  font-weight: 500; color: var(--soft); }
.timeline h3:first-child { margin-top: 0; }
.timeline li { position: relative; display: grid; gap: 0 1.25rem; align-items: baseline;
  grid-template-columns: 1fr auto 5rem; padding: 0.375rem 0; }
.timeline li::before { content: ""; position: absolute; left: -1.75rem; top: 0.6875rem;
  width: 13px; height: 13px; border: 2px solid var(--tone); border-radius: 50%;
  background: var(--tone); box-shadow: 0 0 0 3px var(--ground); }
.timeline .waiting::before { background: var(--ground); }
.timeline .waiting .name { color: var(--soft); }
.what { display: flex; gap: 0.75rem; align-items: baseline; }
.version { flex: none; color: var(--soft); }
.name { margin-right: 0.25rem; overflow-wrap: anywhere; }
.state, .pill { font-size: 0.8125rem; color: var(--soft); white-space: nowrap; }
.pill { padding: 0.0625rem 0.5rem; border-radius: 1rem; background: var(--wash);
  color: var(--tone); font-weight: 600; }
.at, .took { font-size: 0.875rem; color: var(--soft); white-space: nowrap; }
.took svg { display: block; width: 100%; height: 3px; border-radius: 2px; }
.took rect { fill: var(--line); }
.took rect + rect { fill: var(--soft); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
time { font-variant-numeric: tabular-nums; white-space: nowrap; }
details { margin-top: 0.75rem; }
summary { color: var(--soft); font-size: 0.875rem; cursor: pointer; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line);
  color: var(--soft); font-size: 0.8125rem; }
@media (max-width: 34rem) {
  main { padding-top: 1.75rem; }
  .glance dl { grid-template-columns: 1fr 1fr; }
  .timeline li { grid-template-columns: auto 5rem 1fr; padding: 0.5rem 0; }
  .timeline li::before { top: 0.8125rem; }
  .timeline li > :first-child { grid-column: 1 / -1; }
}
""".strip()
