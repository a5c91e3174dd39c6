"""The report's one style sheet: light, dark and on paper, by the reader's own wish.

It guarantees that text has a contrast of 4.5 to 1 on its ground in both schemes (WCAG 2.2, 1.4.3).
It must never load a font, a picture or anything else.
"""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { --ground: #f6f7f9; --card: #fff; --ink: #18202b; --soft: #4d5a6b; --line: #d9dee6; --mark: #2a5d9f;
  --share-1: #1f5f8b; --share-2: #b4541f; --share-3: #d9b44a; --share-4: #7fb3d5; --share-5: #d5dae1;
  --on-1: #fff; --on-2: #fff; --on-3: #18202b; --on-4: #18202b; --on-5: #18202b; --hatch: #8d98a7; --warn: #8a2a12 }
@media (prefers-color-scheme: dark) {
  :root { --ground: #12161c; --card: #1b212a; --ink: #e8ecf2; --soft: #aab6c5; --line: #36404d; --mark: #7db2ee;
    --share-1: #7db2ee; --share-2: #f0a27a; --share-3: #e8cc7a; --share-4: #3f6f98; --share-5: #4a5564;
    --on-1: #10151b; --on-2: #10151b; --on-3: #10151b; --on-4: #fff; --on-5: #fff; --hatch: #77849a; --warn: #ffb199 }
}
* { box-sizing: border-box }
html { background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", "Noto Sans", sans-serif }
body { margin: 0 auto; max-width: 56rem; padding: 2.5rem 1.25rem 3rem }
header { margin-bottom: 1.75rem }
.kind { margin: 0; color: var(--soft); font-size: .85rem; letter-spacing: .06em; text-transform: uppercase }
h1 { font-size: 2.1rem; line-height: 1.15; margin: .2rem 0 .3rem; letter-spacing: -.015em; overflow-wrap: anywhere }
.day { margin: 0; color: var(--soft) }
h2 { font-size: 1.25rem; margin: 0 0 .25rem; letter-spacing: -.005em }
.quiet { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
section, footer { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 1.4rem 1.6rem 1.5rem; margin-bottom: 1.25rem }
section[aria-labelledby=key] { background: none; border: 0; padding: 0; position: relative }
section > p, footer p { color: var(--soft); margin: 0 0 1rem; max-width: 44rem }
footer p:last-child { margin-bottom: 0 }
.key { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .9rem; margin: 0 }
.key div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.2rem;
  display: flex; flex-direction: column-reverse; justify-content: flex-end }
.key dt { color: var(--soft); font-size: .9rem; line-height: 1.3 }
.key dd { margin: 0; font-size: 2rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums }
.key .gone { font-size: 1.2rem }
figure { margin: 0 0 1.1rem; overflow-x: auto }
figure svg { display: block; width: 100%; min-width: 34rem; height: auto }
.definitions { position: absolute }
svg text { font: 13px system-ui, "Segoe UI", "Noto Sans", sans-serif; fill: var(--ink) }
svg .axis { fill: var(--soft); font-size: 12px } svg .value { font-weight: 600; font-variant-numeric: tabular-nums }
.grid { stroke: var(--line); stroke-width: 1 } .floor { stroke: var(--soft); stroke-width: 1 }
.mark { fill: var(--mark) } .withheld { fill: url(#hatch); stroke: var(--hatch); stroke-width: 1 }
.hatch-ground { fill: var(--card) } .hatch-line { fill: var(--hatch) }
.share-1 { fill: var(--share-1); background: var(--share-1) }
.share-2 { fill: var(--share-2); background: var(--share-2) }
.share-3 { fill: var(--share-3); background: var(--share-3) }
.share-4 { fill: var(--share-4); background: var(--share-4) }
.share-5 { fill: var(--share-5); background: var(--share-5) }
svg .on-share-1 { fill: var(--on-1) } svg .on-share-2 { fill: var(--on-2) } svg .on-share-3 { fill: var(--on-3) }
svg .on-share-4 { fill: var(--on-4) } svg .on-share-5 { fill: var(--on-5) }
svg [class^=on-] { font-weight: 600 }
.legend { list-style: none; margin: .7rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem 1.3rem;
  font-size: .9rem }
.legend li { display: flex; align-items: center; gap: .5rem }
.swatch { width: 1rem; height: 1rem; border-radius: 3px; border: 1px solid var(--hatch) }
.swatch.withheld { background: repeating-linear-gradient(45deg, var(--hatch) 0 2px, var(--card) 2px 5px) }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .95rem; margin-top: .6rem }
table + table { margin-top: 1.3rem }
caption { text-align: start; font-weight: 600; padding: 0 0 .3rem }
th, td { text-align: end; padding: .38rem .6rem; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums }
th:first-child { text-align: start; padding-inline-start: 0; font-weight: 400 } td:last-child { padding-inline-end: 0 }
thead th { color: var(--soft); font-weight: 400; font-size: .85rem } thead th:last-child { padding-inline-end: 0 }
.sum th, .sum td { border-bottom: 0; font-weight: 600 } .sum + .sum th, .sum + .sum td { padding-top: 0 }
.gone { color: var(--soft); font-style: italic; font-weight: 400 }
.warning { color: var(--warn) }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 3px }
@media print {
  @page { margin: 15mm }
  :root { --ground: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --mark: #2a5d9f; --hatch: #8d98a7;
    --share-1: #1f5f8b; --share-2: #b4541f; --share-3: #d9b44a; --share-4: #7fb3d5; --share-5: #d5dae1;
    --on-1: #fff; --on-2: #fff; --on-3: #000; --on-4: #000; --on-5: #000; --warn: #8a2a12 }
  * { print-color-adjust: exact } body { max-width: none; padding: 0 } html { font-size: 12px }
  section, footer, .key div { break-inside: avoid; border-radius: 0 }
  section, footer { padding: .8rem 0; border-width: 1px 0 0 }
}
"""
