"""What the commands about a case found: the preview, the receipt, the state of a case, a withdrawal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal

from typing_extensions import TypedDict

from takedown_cli.cli.results.hash_report import FileRow, Summary
from takedown_cli.cli.results.result import ABSENT, Result, Row, people_only
from takedown_cli.cli.results.words import AGES, AUTHORITIES, BEHALF
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.table import Table
from takedown_cli.core.clock import SYSTEM
from takedown_cli.core.variants import shows_picture_itself
from takedown_cli.locale.filled import filled_many
from takedown_cli.protocol.lists import list_of_age

if TYPE_CHECKING:
    from takedown_cli.protocol.addresses import IntakeAddress
    from takedown_cli.protocol.bundle.document import Declaration, Item
    from takedown_cli.protocol.wire import Age, CaseStatus

#: The sentences about a case are those of the page for callers (``intake/page/src/report.ts``), word for word: both are
#: keys of the same catalogues.
_ITEM_STATES: Final = {
    ("image", "listed"): (
        "Picture {numbers}: on the list that platforms fetch.",
        "Pictures {numbers}: on the list that platforms fetch.",
    ),
    ("image", "held"): (
        "Picture {numbers}: held back until somebody at the intake has looked at it.",
        "Pictures {numbers}: held back until somebody at the intake has looked at it.",
    ),
    ("image", "withdrawn"): ("Picture {numbers}: withdrawn.", "Pictures {numbers}: withdrawn."),
    ("video", "listed"): (
        "Video {numbers}: on the list that platforms fetch.",
        "Videos {numbers}: on the list that platforms fetch.",
    ),
    ("video", "held"): (
        "Video {numbers}: held back until somebody at the intake has looked at it.",
        "Videos {numbers}: held back until somebody at the intake has looked at it.",
    ),
    ("video", "withdrawn"): ("Video {numbers}: withdrawn.", "Videos {numbers}: withdrawn."),
}
#: What the page says in a sentence with the platform and the day, which are columns here.
_ANSWERS: Final = {
    "seen": "fetched the hash and has not answered yet",
    "under-review": "found a match and is looking at it",
    "blocked": "found copies and blocks them",
    "not-blocked": "found a match and decided not to block it",
}
_NUMBERED: Final = {
    "image": ("Picture {numbers}", "Pictures {numbers}"),
    "video": ("Video {numbers}", "Videos {numbers}"),
}
_COUNTED: Final = {"image": ("{number} picture", "{number} pictures"), "video": ("{number} video", "{number} videos")}
_OF_COPIES: Final = (
    "{number} of these is for a copy that somebody may have turned, cropped or framed",
    "{number} of these are for copies that somebody may have turned, cropped or framed",
)
_SHAPES: Final = (
    "(they show more of a picture's rough shapes to anybody who can read the list; you can withdraw them later)"
)
_ADDED: Final = (
    "{count} picture or video was added to the case.",
    "{count} pictures and videos were added to the case.",
)
_KNOWN: Final = (
    "{count} picture or video was in the case already, and was not added again.",
    "{count} pictures and videos were in the case already, and were not added again.",
)
_SEALED: Final = "a sealed bundle of {size} bytes, which only {origin} can read"
_RECEIVED: Final = "Case received on {received}. The intake keeps it until {expires}."
_RECEIVED_DAYS: Final = (
    "Case received on {received}. The intake keeps it until {expires} (in {count} day).",
    "Case received on {received}. The intake keeps it until {expires} (in {count} days).",
)
_ALL_WITHDRAWN: Final = (
    "Everything in this case is withdrawn. Platforms are asked to stop looking for it.",
    "After that day the intake deletes the case, and its number shows nothing any more.",
)
_BLOCKED: Final = ("Platforms keep looking, and stop new uploads of what they block. You don't need to do anything.",)
_WAITING: Final = (
    "Platforms fetch the list by themselves, often within a day.",
    "You don't need to do anything. Check again tomorrow.",
    "On the last day the case ends by itself: the intake deletes it, and platforms are asked to stop looking.",
)


class PreviewReport(Result, schema="takedown.preview"):
    """``takedown submit --dry-run --json``: what would leave, in counts.

    Of a bundle that is sealed already only ``bytes`` is known; of everything else, all but that.
    """

    destination: str
    sealed: bool
    bytes: int = ABSENT
    media: dict[str, int] = ABSENT
    ages: dict[str, int] = ABSENT
    fingerprints: dict[str, int] = ABSENT
    behalf: str = field(default=ABSENT, metadata={"json": "for"})  # a word that a class cannot spell
    authority: str | None = ABSENT
    sentences: tuple[str, ...] = people_only()

    def notes(self) -> Iterator[str]:
        yield from ("", console.language.say("What would leave this computer:"), *self.sentences, "")


def preview_of_items(address: IntakeAddress, items: Sequence[Item], declaration: Declaration) -> PreviewReport:
    """Return the preview, made from the same items that are signed afterwards."""
    media: Counter[str] = Counter(item.media for item in items)
    ages: Counter[Age] = Counter(item.age for item in items)
    kinds = Counter(f.kind for item in items for f in item.fingerprints)
    say = console.language.say
    hashes = ", ".join(f"{count:,} {kind.upper()}" for kind, count in sorted(kinds.items()))
    ages_ = [
        say("age {age}: {count}, for the {list} list", age=say(AGES[age]), count=f"{count:,}", list=list_of_age(age))
        for age, count in sorted(ages.items())
    ]
    who, why = say(BEHALF[declaration.behalf]), declaration.authority
    whom = say("for {who}, {why}", who=who, why=say(AUTHORITIES[why])) if why else say("for {who}", who=who)
    return PreviewReport(
        destination=address.origin,
        sealed=False,
        media=dict(media),
        ages=dict[str, int](ages.items()),
        fingerprints=dict(kinds),
        behalf=declaration.behalf,
        authority=declaration.authority,
        sentences=(
            "  " + say("fingerprints of {what}: {hashes}", what=_counted_media(media), hashes=hashes),
            *_cost_of_copies(items),
            *(f"  {age}" for age in ages_),
            f"  {whom}",
            "  " + say("no picture, no file name, nothing else about you or this computer"),
            *_destination(address),
        ),
    )


def preview_of_sealed(address: IntakeAddress, size: int) -> PreviewReport:
    """Return the preview of a sealed bundle of ``size`` bytes."""
    say = console.language.say
    return PreviewReport(
        destination=address.origin,
        sealed=True,
        bytes=size,
        sentences=(
            "  " + say(_SEALED, size=f"{size:,}", origin=address.origin),
            "  " + say("('takedown inspect --case -' shows what is in it, with its case number)"),
            *_destination(address),
        ),
    )


def _cost_of_copies(items: Sequence[Item]) -> list[str]:
    """Return what predicted copies add, and what they reveal. The person decides with ``--copies``."""
    variants = [f.variant for item in items for f in item.fingerprints if not shows_picture_itself(f.variant)]
    say = console.language.say
    if not variants:
        return ["  " + say("of the pictures as they are; with --copies also of changed copies")]
    lines = ["  " + console.language.say_many(*_OF_COPIES, len(variants), number=f"{len(variants):,}")]
    if any(":" in (variant or "") for variant in variants):
        lines.append("  " + say(_SHAPES))
    return lines


def _counted_media(media: Mapping[str, int]) -> str:
    """Return how many pictures and videos: ``2 pictures and 1 video``."""
    counts = [
        console.language.say_many(*_COUNTED[kind], count, number=f"{count:,}") for kind, count in sorted(media.items())
    ]
    return (
        console.language.say("{pictures} and {videos}", pictures=counts[0], videos=counts[1])
        if counts[1:]
        else counts[0]
    )


def _destination(address: IntakeAddress) -> list[str]:
    say = console.language.say
    if address.pin is not None:
        return [
            say("To {origin} and nowhere else. Its identity is checked before anything is sent.", origin=address.origin)
        ]
    return [
        say("To {origin} and nowhere else.", origin=address.origin),
        say("The address has no key after '#', so any server that answers there is trusted."),
    ]


class ReceiptRow(Row):
    """The days on which the intake registered it and until when it keeps it, as YYYY-MM-DD."""

    day: str
    expires: str


class SubmitReport(Result, schema="takedown.submit"):
    """``takedown submit --json``.

    ``case_number`` is there once, when a new case was made; ``receipt`` is null when nobody knows whether it arrived.
    ``summary`` and ``files`` are those of ``takedown hash``, where pictures were hashed. ``added`` counts what a named
    case has more than before: less than was sent, if it had some of it already.
    """

    destination: str
    case_number: str | None
    receipt: ReceiptRow | None
    summary: Summary = ABSENT
    files: list[FileRow] = ABSENT
    added: int = ABSENT
    status_command: str = people_only()
    sent: int = field(default=0, metadata={"json": None})

    def lines(self) -> Iterator[str]:
        if self.receipt is not None:
            days = {"day": self.receipt.day, "expires": self.receipt.expires}
            yield console.language.say("The intake registered it on {day} and keeps it until {expires}.", **days)
        if self.added is not ABSENT:
            counted = ((_ADDED, self.added), (_KNOWN, self.sent - self.added))
            yield from (filled_many(*words, count) for words, count in counted if count > 0)

    def notes(self) -> Iterator[str]:
        if self.receipt is not None:
            sentence = console.language.say("Platforms fetch the list by themselves. To see what happened, run:")
            yield f"{sentence}\n  {self.status_command}"


class AnswerRow(TypedDict):
    """What one platform said about an item; ``day`` is when it last said so."""

    platform: str
    state: Literal["seen", "under-review", "blocked", "not-blocked"]
    day: str


class CaseItemRow(TypedDict):
    """One picture or video of a case, numbered from 1 as in its bundle, with what platforms said.

    ``standing`` of what is listed: confirmed if an organisation vouched for it in this case.
    """

    number: int
    media: Literal["image", "video"]
    age: Literal["under-18", "adult", "unsure"]
    state: Literal["listed", "held", "withdrawn"]
    standing: Literal["provisional", "confirmed"] | None
    fingerprints: int
    platforms: list[AnswerRow]


class StatusReport(Result, schema="takedown.status"):
    """``takedown status --json``; with ``--watch`` one such object a line, whenever something changed."""

    received: str | None
    expires: str | None
    items: list[CaseItemRow]

    def lines(self) -> Iterator[str]:
        language = console.language
        days = {"received": self.received, "expires": self.expires}
        left = _days_until(self.expires)
        yield language.say_many(*_RECEIVED_DAYS, left, **days) if left else language.say(_RECEIVED, **days)
        yield ""
        alike: dict[tuple[str, str], list[int]] = {}
        for item in self.items:
            alike.setdefault((item["media"], item["state"]), []).append(item["number"])
        for state, numbers in alike.items():
            yield language.say_many(*_ITEM_STATES[state], len(numbers), numbers=in_ranges(numbers))
        if rows := list(_answer_rows(self.items)):
            yield ""
            yield Table(("", "", "", ">"), rows, indent=2)
        yield ""
        if all(item["state"] == "withdrawn" for item in self.items):
            outlook: tuple[str, ...] = _ALL_WITHDRAWN
        elif any(answer["state"] == "blocked" for item in self.items for answer in item["platforms"]):
            outlook = _BLOCKED
        else:
            outlook = _WAITING
        yield from (language.say(sentence) for sentence in outlook)


class WithdrawReport(Result, schema="takedown.withdraw"):
    """``takedown withdraw --json``: the case afterwards. ``withdrawn`` counts the items that were meant."""

    withdrawn: int
    received: str | None
    expires: str | None
    items: list[CaseItemRow]

    def lines(self) -> Iterator[str]:
        return StatusReport(received=self.received, expires=self.expires, items=self.items).lines()


def _answer_rows(items: Iterable[CaseItemRow]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each answer: platform, items, answer, day. The rows of one platform name it only once."""
    say, say_many = console.language.say, console.language.say_many
    platforms: dict[str, dict[tuple[str, str], dict[str, list[int]]]] = {}
    for item in items:
        for answer in item["platforms"]:
            answers = platforms.setdefault(answer["platform"], {})
            media = answers.setdefault((answer["state"], answer["day"]), {})
            media.setdefault(item["media"], []).append(item["number"])
    for platform, answers in platforms.items():
        for row, ((state, day), media) in enumerate(answers.items()):
            named = (say_many(*_NUMBERED[kind], len(each), numbers=in_ranges(each)) for kind, each in media.items())
            yield "" if row else platform, "\n".join(named), say(_ANSWERS[state]), day


def _days_until(day: str | None) -> int:
    """Return how many days away a day is; 0 if it has come, or where this computer's clock is far off."""
    left = (date.fromisoformat(day) - date.fromisoformat(SYSTEM.day())).days if day else 0
    return left if 0 < left < 3_000 else 0


def status_fields(status: CaseStatus) -> dict[str, Any]:
    """Return the state of a case as the fields of ``StatusReport``."""
    return status.model_dump(mode="json", include={"received", "expires", "items"})


def in_ranges(numbers: Iterable[int]) -> str:
    """Return ascending numbers as people write them: ``1-4, 7``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def numbers_in(text: str) -> list[int]:
    """Read numbers below a million as ``in_ranges`` writes them: ``1-4, 7``. Raise ValueError for anything else."""
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)) or max(len(first), len(last)) > 6:
            raise ValueError(text)
        numbers += range(int(first), int(last or first) + 1)
    if not numbers or min(numbers) < 1:
        raise ValueError(text)
    return sorted({*numbers})
