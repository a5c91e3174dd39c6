"""What ``takedown check`` found: which copies would be caught, and how near each is to the nearest fingerprint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from takedown_cli.cli.results.result import ABSENT, Result, Row
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.table import Table
from takedown_cli.core.model import MATCH_DISTANCE, Hashed, Outcome, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.matching import METHODS
from takedown_cli.locale.filled import Filled, filled, filled_many, joined

#: How software that platforms use reads a picture, by our name for it.
READS: Final = {
    "full": "in full size",
    "512nn": "shrunk to 512 pixels",
    "turned": "turned and mirrored too",
    "negative": "as a negative too",
    "inside": "that are inside a picture too",
    "filled": "with plain bars filled in too",
    "reframed": "zoomed, moved and tilted a little too",
}
#: Reasons why platforms can match no copy like this one.
_WEAK: Final = frozenset({Reason.BLANK, Reason.TINY, Reason.LOW_QUALITY})
#: The sentences for copies, where those in the table of reasons are about originals that shall be protected.
_OF_COPIES: Final = {
    Reason.BLANK: "It is one plain area, which platforms cannot distinguish from any other.",
    Reason.TINY: "It is too small for platforms to match.",
    Reason.LOW_QUALITY: "It has too little detail for platforms to match.",
    Reason.DAMAGED: "The file is damaged and could not be decoded.",
    Reason.TOO_MANY_PIXELS: "The picture has more pixels than the limit. --max-pixels raises the limit.",
    Reason.DECODER_CRASHED: "The decoder crashed on this file.",
    Reason.NO_FRAMES: "The video has no frame that could be decoded.",
}
_ITEMS: Final = {"image": "picture {number}", "video": "video {number}"}
_UNUSABLE: Final = (
    "{count} original could not be used; 'takedown hash' shows why.",
    "{count} originals could not be used; 'takedown hash' shows why.",
)
#: How close a copy is that is caught, at the beginning of a sentence.
_CAUGHT: Final = {"the same hash": "The same hash", "very close": "Very close", "close enough": "Close enough"}
_IN_PART: Final = (
    "yes, by platforms that read pictures {found}. {closeness}: {bits} from {where}. "
    "No, by those that read them {missed}."
)
_OF_ALL: Final = ("{caught} of {count} copy would be caught", "{caught} of {count} copies would be caught")
_OUTLOOK: Final = (
    "A match is {most} bits or fewer of 256, as Meta publishes it. A platform may use another threshold, look at other "
    "frames, or take no predicted copies: this is a forecast, not a promise."
)


class AgainstRow(Row):
    """What the copies were compared with. ``unusable`` counts originals that no platform could match."""

    source: Literal["bundle", "originals"]
    items: int
    fingerprints: int
    unusable: int

    def introduce(self) -> str:
        """Return the sentence to show before the first copy is read."""
        sentences = [
            filled(
                "Comparing with {fingerprints} of {items}.",
                fingerprints=filled_many("{count} fingerprint", "{count} fingerprints", self.fingerprints),
                items=filled_many("{count} picture or video", "{count} pictures or videos", self.items),
            )
        ]
        if self.unusable:
            sentences.append(filled_many(*_UNUSABLE, self.unusable))
        return joined(sentences)


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
        bits = filled("too little detail") if self.distance is None else _count_bits(self.distance)
        return filled("{reading}: {bits}", reading=filled(READS.get(self.method, self.method)), bits=bits)


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
        if self.timestamp is not ABSENT:
            label = filled("{label} at {seconds} s", label=label, seconds=self.timestamp)
        what = filled(_ITEMS[self.media], number=str(self.item))
        return filled("{what}{path} ({label})", what=what, path=path, label=label)


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
        """Return its row in the table for people, in their language; the first is the number."""
        say = console.language.look_up
        name = () if self.path is ABSENT else (self.path,)
        if self.caught is None:
            return (f"{self.number:,}", *name, say("not read"), "", "", say(self.detail))
        verdict = say("no" if not self.caught else "yes" if self.everywhere else "in part")
        if self.match is None or self.distance is None:
            return (f"{self.number:,}", *name, verdict, "", "", "" if self.detail is ABSENT else say(self.detail))
        near = say("the same file" if self.match.kind != "pdq" else _closeness(self.distance))
        bits = "" if self.match.kind != "pdq" else f"{self.distance:,}"
        return (f"{self.number:,}", *name, verdict, bits, near, say(self.match.describe()))

    def sentence(self) -> str:
        """Return the sentence about this copy for a person."""
        answer = joined(self._answer_parts())
        if self.path is ABSENT:
            return filled("Copy {number}: {answer}", number=str(self.number), answer=answer)
        return filled("Copy {number} ({path}): {answer}", number=str(self.number), path=self.path, answer=answer)

    def _answer_parts(self) -> Iterator[str]:
        if self.caught is None:
            yield "could not be read."
            yield self.detail
            return
        yield self._describe_verdict()
        if self.weak and not self.caught:
            yield self.detail
        if self.media == "video" and self.frames is not ABSENT and (self.match is None or self.match.kind == "pdq"):
            yield filled(
                "Of its frames, one a second, {caught} of {frames} match.",
                caught=self.frames_caught, frames=self.frames,
            )  # fmt: skip
            if self.caught:
                yield "Platforms that only compare the MD5 of whole videos would not find it."
        if self.reason is not ABSENT and not self.weak:
            yield "Only a part of it could be read."

    def _describe_verdict(self) -> str:
        if self.match is None or self.distance is None:
            return "no."
        where, bits = self.match.describe(), _count_bits(self.distance)
        if self.match.kind != "pdq":
            return filled("yes. It is the same file as {where}.", where=where)
        if not self.caught:
            return filled(
                "no. The nearest is {where}, {closeness}: {bits} differ; {most} or fewer would match.",
                where=where, closeness=filled(_closeness(self.distance)), bits=bits, most=MATCH_DISTANCE,
            )  # fmt: skip
        closeness = filled(_CAUGHT[_closeness(self.distance)])
        if self.everywhere:
            return filled("yes. {closeness}: {bits} from {where}.", closeness=closeness, bits=bits, where=where)
        nearest = next(reading for reading in self.readings if reading.distance == self.distance)
        found = filled(READS.get(nearest.method, "this way"))
        plain = [reading for reading in self.readings if reading.method in METHODS]
        missed = joined((reading.describe() for reading in plain if not reading.caught), "; ")
        return filled(_IN_PART, found=found, closeness=closeness, bits=bits, where=where, missed=missed)


def explain_reason(outcome: Outcome) -> tuple[str, str] | None:
    """Return why a copy is partial, weak or not read, with its sentence, or None if it is none of these."""
    reason = (outcome.partial or outcome.weak) if isinstance(outcome, Hashed) else outcome.reason
    if reason is None:
        return None
    return str(reason), _OF_COPIES.get(reason) or reason.sentence


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


def _count_bits(distance: int) -> Filled:
    return filled_many("{count} bit of 256", "{count} bits of 256", distance)


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
            say = console.language.look_up
            names = (f">{say('copy')}", *map(say, name), say("caught"), f">{say('bits')}", say("distance"))
            yield ""
            yield Table((*names, say("nearest")), [copy.cells() for copy in self.copies])
            yield ""

    def notes(self) -> Iterator[str]:
        counts = [filled_many(*_OF_ALL, self.summary.copies, caught=self.summary.caught)]
        if self.summary.missed:
            counts.append(filled("{number} would not", number=self.summary.missed))
        if self.summary.unreadable:
            counts.append(filled("{number} could not be read", number=self.summary.unreadable))
        yield filled("{counts}.", counts=tuple(counts))
        if len(self.copies) > 1 and self.copies[0].path is ABSENT:
            yield "Which copy is which: --show-paths names the files."
        if any(copy.caught is False and not copy.weak for copy in self.copies):
            yield "You can protect a copy that would not be caught: hash or submit it together with the original."
            yield (
                "If it is a screenshot, cut the picture out first: a whole one may match screenshots of other people."
            )
        yield filled(_OUTLOOK, most=MATCH_DISTANCE)
