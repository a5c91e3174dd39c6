"""What ``takedown fixtures`` made, and what it found different."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from takedown_cli.cli.results.result import Result
from takedown_cli.cli.results.words import counted
from takedown_cli.cli.terminal.console import sanitise
from takedown_cli.fixtures.documents import FixtureDifference, LayoutFile

if TYPE_CHECKING:
    from takedown_cli.fixtures.documents import FixturesManifest


@dataclass(frozen=True)
class FixturesMade:
    """A new folder of fixtures. With ``--json`` its ``manifest.json`` itself is shown."""

    manifest: FixturesManifest

    def document(self) -> Mapping[str, object]:
        return self.manifest

    def lines(self) -> Iterator[str]:
        files, copies, bundles = self.manifest["files"], self.manifest["copies"], self.manifest["bundles"]
        outcomes = Counter[str](row["outcome"] for row in files)
        yield f"{counted(len(files), 'file')}: {_list_counts(outcomes)}."
        matches = sum(row["match"] for row in copies)
        yield f"{counted(len(copies), 'copy', 'copies')}: {matches} match their original, the others do not."
        answers = Counter[str](row["test"] for row in bundles)
        origin = sanitise(self.manifest["intake"]["origin"])
        yield f"{counted(len(bundles), 'bundle')} for {origin}: {_list_counts(answers)}."
        yield "The file manifest.json lists what is expected of each."

    def notes(self) -> Iterator[str]:
        return iter(())


def _list_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


class FixturesLayout(Result, schema="takedown.fixtures.layout"):
    """``takedown fixtures make --layout --json``: each file with the outcome that ``takedown hash`` has to give."""

    layout: str
    seed: int
    files: list[LayoutFile]

    def lines(self) -> Iterator[str]:
        for row in self.files:
            yield f"{sanitise(row.file)}: {row.outcome}" + ("" if row.reason is None else f" ({row.reason})")


class FixturesComparison(Result, schema="takedown.fixtures.comparison"):
    """``takedown fixtures verify --json``: what this installation finds that differs from the manifest."""

    files: int
    differences: list[FixtureDifference]

    def lines(self) -> Iterator[str]:
        for difference in self.differences:
            yield f"{sanitise(difference.file)}: {difference.what}"

    def notes(self) -> Iterator[str]:
        yield f"{counted(self.files, 'file')}, {counted(len(self.differences), 'difference')}."
