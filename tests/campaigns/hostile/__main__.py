"""The campaign behind ``make hostile``: makes what must be survived and runs the real command over it, or over DIR.

It exits non-zero when sums do not reconcile, a traceback or a path is on stderr, or memory is over bounds.
It does not show a name of a file in DIR unless ``--show`` asks for it.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from takedown_cli.core.model import Limits
from tests.campaigns.hostile import bombs, census, disguises, measure, mutants, oddities, plain
from tests.campaigns.hostile.interrupts import Moments
from tests.campaigns.hostile.kills import disturbed
from tests.hashing.discover.samples import picture

PARENT_LIMIT = 300 << 20
BAR = 0.995
_NAUGHTY = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "naughty-strings.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make hostile", description="Hostile files against the real command.")
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="a folder of yours instead of made files")
    parser.add_argument("--show", action="store_true", help="name the files that plain decoders read and we do not")
    parser.add_argument("--short", action="store_true", help="fewer mutants, kills and interruptions")
    given = parser.parse_args()
    if given.folder is not None:
        return _report(on_folder(given.folder, show=given.show))
    faults = on_made(40 if not given.short else 4)
    faults += on_archives()
    faults += on_kills(500 if not given.short else 60)
    faults += on_signals(200 if not given.short else 10)
    return _report(faults)


def _report(faults: list[str]) -> int:
    print()
    for fault in faults:
        print(f"FAULT  {fault}")
    print("survived" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


def on_folder(folder: Path, *, show: bool = False) -> list[str]:
    """A folder of anybody's files: the sums, the bounds, and the share of what plain decoders read."""
    folder = folder.absolute()
    figures = measure.run([folder], keep=True)
    faults = judge(figures, folder, census.entries(folder, Limits().depth), show=show)
    paths = {path_of(row): row for row in figures.rows}
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        files = [path for path, row in paths.items() if row.get("reason") not in {"symlink", "not-regular"}]
        readable = plain.decodable(files, Path(home))
    missed = {path: paths[path] for path in readable if paths[path]["outcome"] not in {"hashed", "partial"}}
    share = 1 - len(missed) / len(readable) if readable else 1.0
    print(f"  plain Pillow and PyAV decode {len(readable):,} files in {time.monotonic() - began:.0f} s")
    print(f"  of these, hashed here: {share:.2%} (bar {BAR:.1%})")
    for reason, count in Counter(row["reason"] for row in missed.values()).most_common():
        print(f"    missed  {count:>6,}  {reason}")
    for path, row in sorted(missed.items()) if show else ():
        print(f"    {row['reason']:18} {str(path)!a}")
    return faults if share >= BAR else [*faults, f"only {share:.2%} of what plain decoders read is hashed"]


def on_made(count: int) -> list[str]:
    """Everything of the list of what must be survived, in one tree, and each bomb for itself."""
    with tempfile.TemporaryDirectory() as above:
        root = Path(above) / "tree"
        root.mkdir()
        Path(above).chmod(0o755)
        try:
            return _on_tree(root, count)
        finally:
            oddities.remove(root)


def _on_tree(root: Path, count: int) -> list[str]:
    good = picture("JPEG")
    kinds = ("bombs", "disguises", "specials", "sizes", "names", "mutants", "forbidden", "deep", "changing")
    folders = {name: root / name for name in kinds}
    for folder in folders.values():
        folder.mkdir()
    for name, make, _ in bombs.BOMBS:
        (folders["bombs"] / name).write_bytes(make())
    bombs.video_endless(folders["bombs"] / "endless.ts")
    canary = root / "canary.jpg"
    canary.write_bytes(good)
    disguises.write(folders["disguises"], canary)
    oddities.specials(folders["specials"], good)
    oddities.sizes(folders["sizes"], good)
    naughty = json.loads(_NAUGHTY.read_text("utf-8")) if _NAUGHTY.exists() else []
    oddities.names(folders["names"], good, naughty)
    for name, data in mutants.mutants(count):
        (folders["mutants"] / name).write_bytes(data)
    oddities.forbidden(folders["forbidden"], good)
    oddities.deep(folders["deep"], good)
    with oddities.Churn(folders["changing"], good):
        figures = measure.run([root], keep=True, humble=True)
    # Counted with the same rights, or folders that were forbidden to the command are open to us.
    counted = measure.humbly("tests.campaigns.hostile.census", root)
    return judge(figures, root, int(counted), show=True) + _on_bombs(figures.rows)


def _on_bombs(rows: list[dict[str, Any]]) -> list[str]:
    said = {Path(row["path"]).name: {row.get("reason", ""), row.get("weak", "")} for row in rows}
    return [
        f"{name}: {sorted(said.get(name, set()))}"
        for name, _, allowed in bombs.BOMBS
        if not said.get(name, set()) & allowed
    ]


def path_of(row: dict[str, Any]) -> Path:
    """The file that a row of the report is about, in its very bytes."""
    return Path(os.fsdecode(base64.b64decode(row["path_b64"])) if "path_b64" in row else row["path"])


def judge(figures: measure.Figures, root: Path, expected: int, *, show: bool) -> list[str]:
    """Print the figures of a run; gives what is wrong with it."""
    outcomes = ", ".join(f"{count:,} {kind}" for kind, count in sorted(figures.outcomes.items()))
    print(f"  files in {expected:,}, outcomes out {figures.files:,}: {outcomes}")
    for reason, count in figures.reasons.most_common():
        print(f"    {count:>7,}  {reason}")
    named = f" ({figures.slowest_name!a})" if show else ""
    print(f"  exit {figures.code} after {figures.seconds:.1f} s; slowest file {figures.slowest:.1f} s{named}")
    print(f"  peak memory: parent {figures.parent >> 20} MB, largest child {figures.child >> 20} MB")
    faults = []
    if figures.code not in {0, 3, 4}:
        faults.append(f"exit code {figures.code}")
    if not figures.reconciles() or figures.files != expected:
        faults.append(f"the sums do not reconcile: {expected} in, {figures.files} out, {figures.summary}")
    if figures.reasons["internal"]:
        faults.append(f"{figures.reasons['internal']} files met a bug of ours")
    if b"Traceback" in figures.said or os.fsencode(root) in figures.said or b"\x1b" in figures.said:
        faults.append("stderr shows a traceback, a path or an escape code")
    if figures.parent > PARENT_LIMIT:
        faults.append(f"the parent took {figures.parent >> 20} MB")
    return faults


def on_archives() -> list[str]:
    """Archives that are opened and would be endless."""
    with tempfile.TemporaryDirectory() as above:
        for name, make, _ in bombs.ARCHIVES:
            (Path(above) / name).write_bytes(make())
        figures = measure.run([Path(above)], ["--archives"], keep=True)
        print(f"\n  archives: {figures.files:,} outcomes after {figures.seconds:.1f} s; ", end="")
        print(f"peak memory: parent {figures.parent >> 20} MB, largest child {figures.child >> 20} MB")
        faults = []
        for name, _, allowed in bombs.ARCHIVES:
            reasons = {row.get("reason", "") for row in figures.rows if path_of(row).name == name}
            if not reasons & allowed:
                faults.append(f"{name}: {sorted(reasons)}")
        if not figures.reconciles() or b"Traceback" in figures.said or figures.parent > PARENT_LIMIT:
            faults.append(f"archives: {figures.summary}, parent {figures.parent >> 20} MB")
    return faults


def on_kills(files: int) -> list[str]:
    """A random child killed every 20 files: the same hashes as undisturbed."""
    with tempfile.TemporaryDirectory() as above:
        outcome = disturbed(Path(above), files, every=20)
    print(f"\n  {outcome.kills} children killed over {files} files: {outcome.lost} lost by two kills, ", end="")
    print(f"{outcome.different} other outcomes differ")
    bad = outcome.different or outcome.lost > outcome.kills // 10
    return [f"{outcome.different} outcomes differ after kills, {outcome.lost} lost"] if bad else []


def on_signals(moments: int) -> list[str]:
    """Ctrl-C, SIGTERM and SIGHUP at random moments."""
    with tempfile.TemporaryDirectory() as above:
        tried = Moments(Path(above))
        faults = tried.at_random(moments)
    print(f"\n  interrupted at {moments} random moments; slowest end {max(tried.seconds):.2f} s after the signal")
    return faults + ([f"an end took {max(tried.seconds):.2f} s"] if max(tried.seconds) >= 1 else [])


if __name__ == "__main__":
    sys.exit(main())
