"""What ``takedown check`` found: which copies would be caught, and how near each is to the nearest fingerprint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from takedown_cli.cli.results.result import ABSENT, Result, Row
from takedown_cli.cli.results.words import MEDIA, counted
from takedown_cli.cli.terminal.table import Table
from takedown_cli.core.model import MATCH_DISTANCE, Hashed, Outcome, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.matching import METHODS

#: How software that platforms use reads a picture, by our name for it.
READS: Final = {
    "full": "in full size",
    "512nn": "shrunk to 512 pixels",
    "turned": "turned and mirrored too",
    "negative": "as a negative too",
    "inside": "that are inside a picture too",
    "filled": "with plain bars filled in too",
}
#: The sentences for a copy that platforms cannot match. Those in the table of reasons are about originals.
_WEAK: Final = {
    Reason.BLANK: "It is one plain area, which platforms cannot distinguish from any other.",
    Reason.TINY: "It is too small for platforms to match.",
    Reason.LOW_QUALITY: "It has too little detail for platforms to match.",
}


class AgainstRow(Row):
    """What the copies were compared with. ``unusable`` counts originals that no platform could match."""

    source: Literal["bundle", "originals"]
    items: int
    fingerprints: int
    unusable: int

    def introduce(self) -> str:
        """Return the sentence to show before the first copy is read."""
        items = counted(self.items, "picture or video", "pictures or videos")
        text = f"Comparing with {counted(self.fingerprints, 'fingerprint')} of {items}."
        if self.unusable:
            text += f" {counted(self.unusable, 'original')} could not be used; 'takedown hash' shows why."
        return text


class ReadingRow(Row):
    """One way to read the copy, ``frame`` being the copy's; ``distance`` is null where it is too poor to be matched."""

    kind: str
    method: str
    caught: bool
    distance: int | None
    frame: int = ABSENT
    timestamp: float = ABSENT

    def describe(self) -> str:
        """Return how this reading failed or succeeded, such as ``shrunk to 512 pixels: 40 bits of 256``."""
        bits = "too little detail" if self.distance is None else _count_bits(self.distance)
        return f"{READS.get(self.method, self.method)}: {bits}"


class MatchRow(Row):
    """The nearest fingerprint: of which item (numbered from 1, as ``inspect`` does), and which one of it."""

    item: int
    path: str = ABSENT
    media: str
    kind: str
    method: str = ABSENT
    variant: str = ABSENT
    frame: int = ABSENT
    timestamp: float = ABSENT

    def describe(self) -> str:
        """Return it as ``picture 3 (pdq full upright)``, with the place in a video."""
        path = "" if self.path is ABSENT else f", {self.path}"
        label = " ".join(part for part in (self.kind, self.method, self.variant) if part is not ABSENT)
        second = "" if self.timestamp is ABSENT else f" at {self.timestamp:.1f} s"
        return f"{MEDIA[self.media]} {self.item}{path} ({label}{second})"


class CopyRow(Row):
    """One copy. ``caught`` is null when it could not be read, for the ``reason`` given.

    ``everywhere`` says whether every reading that platforms have finds it. ``distance`` is that of the nearest
    fingerprint, ``match``, which is given for a copy that is not caught as well; both are null when nothing could be
    compared. Of a video's or animation's ``frames`` of quality, ``frames_caught`` would be found each by itself.
    ``path`` only with ``--show-paths``.
    """

    number: int
    path: str = ABSENT
    media: str | None
    caught: bool | None
    everywhere: bool | None
    distance: int | None
    match: MatchRow | None
    readings: list[ReadingRow]
    frames: int = ABSENT
    frames_caught: int = ABSENT
    reason: str = ABSENT
    detail: str = ABSENT

    @property
    def weak(self) -> bool:
        """Whether platforms could match no copy like this one."""
        return self.reason in _WEAK

    def cells(self) -> tuple[str, ...]:
        """Return its row in the table for people; the first is the number."""
        name = () if self.path is ABSENT else (self.path,)
        if self.caught is None:
            return (f"{self.number:,}", *name, "not read", "", "", self.detail)
        verdict = "no" if not self.caught else "yes" if self.everywhere else "in part"
        if self.match is None or self.distance is None:
            return (f"{self.number:,}", *name, verdict, "", "", "" if self.detail is ABSENT else self.detail)
        near = "the same file" if self.match.kind != "pdq" else _closeness(self.distance)
        bits = "" if self.match.kind != "pdq" else f"{self.distance:,}"
        return (f"{self.number:,}", *name, verdict, bits, near, self.match.describe())

    def sentence(self) -> str:
        """Return the sentence about this copy for a person."""
        name = "" if self.path is ABSENT else f" ({self.path})"
        return f"Copy {self.number}{name}: {' '.join(self._answer_parts())}"

    def _answer_parts(self) -> Iterator[str]:
        if self.caught is None:
            yield "could not be read."
            yield self.detail
            return
        yield self._describe_verdict()
        if self.weak and not self.caught:
            yield self.detail
        if self.media == "video" and self.frames is not ABSENT and (self.match is None or self.match.kind == "pdq"):
            yield f"Of its frames, one a second, {self.frames_caught} of {self.frames} match."
            if self.caught:
                yield "Platforms that only compare the MD5 of whole videos would not find it."
        if self.reason is not ABSENT and not self.weak:
            yield "Only a part of it could be read."

    def _describe_verdict(self) -> str:
        if self.match is None or self.distance is None:
            return "no."
        where, bits = self.match.describe(), _count_bits(self.distance)
        if self.match.kind != "pdq":
            return f"yes. It is the same file as {where}."
        if not self.caught:
            return (
                f"no. The nearest is {where}, {_closeness(self.distance)}: {bits} differ; "
                f"{MATCH_DISTANCE} or fewer would match."
            )
        if self.everywhere:
            return f"yes. {_closeness(self.distance).capitalize()}: {bits} from {where}."
        nearest = next(reading for reading in self.readings if reading.distance == self.distance)
        found = READS.get(nearest.method, "this way")
        plain = [reading for reading in self.readings if reading.method in METHODS]
        missed = "; ".join(reading.describe() for reading in plain if not reading.caught)
        return (
            f"yes, by platforms that read pictures {found}. {_closeness(self.distance).capitalize()}: {bits} from "
            f"{where}. No, by those that read them {missed}."
        )


def explain_reason(outcome: Outcome) -> tuple[str, str] | None:
    """Return why a copy is partial, weak or not read, with its sentence, or None if it is none of these."""
    reason = (outcome.partial or outcome.weak) if isinstance(outcome, Hashed) else outcome.reason
    if reason is None:
        return None
    return str(reason), _WEAK.get(reason) or reason.sentence.replace(", so it is not protected", "")


def media_of(outcome: Outcome) -> str | None:
    """Return ``image`` or ``video``, or None where that is not known."""
    return None if isinstance(outcome, Skipped) or outcome.media is None else str(outcome.media)


def _closeness(distance: int) -> str:
    """Return a distance in words."""
    if distance == 0:
        return "the same hash"
    for most, words in ((10, "very close"), (MATCH_DISTANCE, "close enough"), (48, "a little too far away")):
        if distance <= most:
            return words
    return "far away"


def _count_bits(distance: int) -> str:
    return f"{counted(distance, 'bit')} of 256"


class CheckSummary(Row):
    """``copies`` is the sum of the three others."""

    copies: int
    caught: int
    missed: int
    unreadable: int


class CheckReport(Result, schema="takedown.check"):
    """``takedown check --json``. ``threshold`` is the distance in bits up to which a PDQ counts as a match."""

    # The sentence of each copy was shown as it was compared; several are compared with each other here.
    against: AgainstRow
    threshold: int
    summary: CheckSummary
    copies: list[CopyRow]

    @classmethod
    def of_copies(cls, against: AgainstRow, copies: list[CopyRow]) -> CheckReport:
        """Return the report with its counts."""
        answers = [copy.caught for copy in copies]
        summary = CheckSummary(
            copies=len(copies),
            caught=answers.count(True),
            missed=answers.count(False),
            unreadable=answers.count(None),
        )
        return cls(against=against, threshold=MATCH_DISTANCE, summary=summary, copies=copies)

    def lines(self) -> Iterator[str]:
        if len(self.copies) > 1:
            name = () if self.copies[0].path is ABSENT else ("file",)
            headings = (">copy", *name, "caught", ">bits", "distance", "nearest")
            yield ""
            yield Table(headings, [copy.cells() for copy in self.copies])
            yield ""

    def notes(self) -> Iterator[str]:
        counts = [f"{self.summary.caught:,} of {counted(self.summary.copies, 'copy', 'copies')} would be caught"]
        if self.summary.missed:
            counts.append(f"{self.summary.missed:,} would not")
        if self.summary.unreadable:
            counts.append(f"{self.summary.unreadable:,} could not be read")
        yield ", ".join(counts) + "."
        if len(self.copies) > 1 and self.copies[0].path is ABSENT:
            yield "Which copy is which: --show-paths names the files."
        if any(copy.caught is False and not copy.weak for copy in self.copies):
            yield "You can protect a copy that would not be caught: hash or submit it together with the original."
            yield (
                "If it is a screenshot, cut the picture out first: a whole one may match screenshots of other people."
            )
        yield (
            f"A match is {MATCH_DISTANCE} bits or fewer of 256, as Meta publishes it. A platform may use another "
            "threshold, look at other frames, or take no predicted copies: this is a forecast, not a promise."
        )
