"""What ``takedown check`` found: a sentence for each copy, for people, and one object, for scripts.

It guarantees that both say the same, and that a no comes with the nearest distance or the reason that there is none.
It must never show a hash, nor promise what a platform will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from takedown_cli.cli.console import shown_path
from takedown_cli.cli.counted import counted
from takedown_cli.matching import EXACT
from takedown_cli.model import MATCH_DISTANCE, Fingerprint, Hashed, Media, Skipped
from takedown_cli.reasons import SENTENCES, Reason

if TYPE_CHECKING:
    from takedown_cli.cli.check import Against, Checked
    from takedown_cli.cli.documents import AgainstRow, CheckReport, CheckSummary, CopyRow, MatchRow, ReadingRow
    from takedown_cli.matching import Match, Verdict

#: How software that platforms use reads a picture, by our name for it.
READS: Final = {"full": "in full size", "512nn": "shrunk to 512 pixels"}
_NOUNS: Final = {Media.IMAGE: "picture", Media.VIDEO: "video"}
_POOR: Final = {
    Reason.BLANK: "It is one plain area, which platforms cannot tell from any other.",
    Reason.TINY: "It is too small for platforms to match.",
    Reason.LOW_QUALITY: "It has too little detail for platforms to match.",
}
_CAUTION: Final = (
    f"A match is {MATCH_DISTANCE} bits or fewer of 256, as Meta publishes it. A platform may use another threshold, "
    "look at other frames, or take no predicted copies: this is a forecast, not a promise."
)
_MISSED: Final = "A copy that would not be caught can be protected as well: hash or submit it beside the original."


def introduction(against: Against) -> str:
    """What is compared with, for stderr."""
    items = counted(against.items, "picture or video", "pictures or videos")
    line = f"Comparing with {len(against.hashes):,} fingerprints of {items}."
    if against.unusable:
        line += f" {counted(against.unusable, 'original')} could not be used: 'takedown hash' says why."
    return line


def sentence(one: Checked, against: Against, *, show_paths: bool) -> str:
    """What is said of one copy, without line ends."""
    name = f" ({shown_path(one.outcome.path)})" if show_paths else ""
    return f"Copy {one.number}{name}: {_said(one, against, show_paths=show_paths)}"


def _said(one: Checked, against: Against, *, show_paths: bool) -> str:
    outcome, verdict = one.outcome, one.verdict
    if not isinstance(outcome, Hashed) or verdict is None:
        verb = "passed over" if isinstance(outcome, Skipped) else "could not be read"
        return verb + "." if isinstance(outcome, Hashed) else f"{verb}. {_why(outcome.reason)}"
    parts = [_answer(verdict, against, show_paths=show_paths)]
    if not verdict.caught and outcome.weak is not None:
        parts.append(_why(outcome.weak))
    if outcome.media is Media.VIDEO and verdict.exact is None and verdict.frames:
        parts.append(_frames(verdict))
    if outcome.partial is not None:
        parts.append("Only a part of it could be read.")
    return " ".join(parts)


def _why(reason: Reason) -> str:
    """The reason's sentence, without what it says of protecting originals."""
    return _POOR.get(reason) or SENTENCES[reason].replace(", so it is not protected", "")


def _answer(verdict: Verdict, against: Against, *, show_paths: bool) -> str:
    match = verdict.nearest
    if match is None:
        return "no."
    where = _where(match, against, show_paths=show_paths)
    if verdict.exact is not None:
        return f"yes. It is the very file of {where}."
    if not match.caught:
        return f"no. The nearest is {where}, {match.distance} bits away; {MATCH_DISTANCE} or fewer would match."
    if verdict.everywhere:
        return f"yes. {_bits(match)} from {where}."
    missed = [_reading(name, other) for name, other in verdict.readings.items() if other is None or not other.caught]
    found = READS.get(match.reading.method or "", "this way")
    return f"yes, where pictures are read {found}: {_bits(match)} from {where}. No, where they are {'; '.join(missed)}."


def _reading(method: str, match: Match | None) -> str:
    return f"{READS.get(method, method)}: {'too little detail' if match is None else _bits(match)}"


def _frames(verdict: Verdict) -> str:
    found = f"Of its frames, one a second, {verdict.frames_caught} of {verdict.frames} match."
    if not verdict.caught:
        return found
    return f"{found} Platforms that only compare the MD5 of whole videos would not find it."


def _where(match: Match, against: Against, *, show_paths: bool) -> str:
    """``picture 3 (pdq full upright)``, with the place in a video."""
    listed = match.listed
    noun = f"{_NOUNS[listed.media]} {listed.item}"
    if show_paths and against.names:
        noun += f", {shown_path(against.names[listed.item - 1])}"
    item = listed.fingerprint
    label = " ".join(filter(None, (item.kind, item.method, item.variant)))
    return f"{noun} ({label}{_place(item)})"


def _place(item: Fingerprint) -> str:
    return f" at {item.timestamp:.1f} s" if item.timestamp is not None else ""


def _bits(match: Match) -> str:
    return "1 bit of 256" if match.distance == 1 else f"{match.distance} bits of 256"


def summary(checked: list[Checked], *, show_paths: bool) -> list[str]:
    """What it comes to, for stderr."""
    counts = _counts(checked)
    said = [f"{counts['caught']:,} of {counted(counts['copies'], 'copy', 'copies')} would be caught"]
    if counts["missed"]:
        said.append(f"{counts['missed']:,} would not")
    if counts["unreadable"]:
        said.append(f"{counts['unreadable']:,} could not be read")
    unnamed = [] if show_paths or len(checked) == 1 else ["Which copy is which: --show-paths names the files."]
    helped = [_MISSED] if any(map(_missed_yet_rich, checked)) else []
    return [", ".join(said) + ".", *unnamed, *helped, _CAUTION]


def _missed_yet_rich(one: Checked) -> bool:
    """Whether the copy would not be caught though it has detail enough to be protected by itself."""
    hashed = isinstance(one.outcome, Hashed) and one.outcome.weak is None
    return hashed and one.verdict is not None and not one.verdict.caught


def _counts(checked: list[Checked]) -> CheckSummary:
    verdicts = [one.verdict for one in checked]
    caught = sum(verdict is not None and verdict.caught for verdict in verdicts)
    unreadable = verdicts.count(None)
    return {
        "copies": len(checked),
        "caught": caught,
        "missed": len(checked) - caught - unreadable,
        "unreadable": unreadable,
    }


# ---------------------------------------------------------------------------------------------------------------- JSON


def report(checked: list[Checked], against: Against, *, show_paths: bool) -> CheckReport:
    """The object of ``check --json``."""
    row: AgainstRow = {
        "source": against.source,
        "items": against.items,
        "fingerprints": len(against.hashes),
        "unusable": against.unusable,
    }
    return {
        "schema": "takedown.check",
        "version": 1,
        "against": row,
        "threshold": MATCH_DISTANCE,
        "summary": _counts(checked),
        "copies": [_row(one, against, show_paths=show_paths) for one in checked],
    }


def _row(one: Checked, against: Against, *, show_paths: bool) -> CopyRow:
    outcome, verdict = one.outcome, one.verdict
    media = None if isinstance(outcome, Skipped) else outcome.media
    match = None if verdict is None else verdict.nearest
    row: CopyRow = {
        "number": one.number,
        "media": None if media is None else str(media),
        "caught": None if verdict is None else verdict.caught,
        "everywhere": None if verdict is None else verdict.everywhere,
        "distance": None if match is None else match.distance,
        "match": None if match is None else _match_row(match, against, show_paths=show_paths),
        "readings": [] if verdict is None else _reading_rows(verdict),
    }
    if show_paths:
        row["path"] = shown_path(outcome.path)
    if verdict is not None and verdict.frames:
        row["frames"], row["frames_caught"] = verdict.frames, verdict.frames_caught
    reason = (outcome.partial or outcome.weak) if isinstance(outcome, Hashed) else outcome.reason
    if reason is not None:
        row["reason"], row["detail"] = str(reason), _why(reason)
    return row


def _match_row(match: Match, against: Against, *, show_paths: bool) -> MatchRow:
    item = match.listed.fingerprint
    fields = {
        "item": match.listed.item,
        "path": shown_path(against.names[match.listed.item - 1]) if show_paths and against.names else None,
        "media": str(match.listed.media),
        "kind": item.kind,
        "method": item.method,
        "variant": item.variant,
        "frame": item.frame,
        "timestamp": item.timestamp,
    }
    return cast("MatchRow", {key: value for key, value in fields.items() if value is not None})


def _reading_rows(verdict: Verdict) -> list[ReadingRow]:
    exact: list[ReadingRow] = []
    if verdict.exact is not None and verdict.exact.reading.kind in EXACT:
        exact.append({"kind": verdict.exact.reading.kind, "method": "equal", "caught": True, "distance": 0})
    return exact + [_reading_row(method, match) for method, match in verdict.readings.items()]


def _reading_row(method: str, match: Match | None) -> ReadingRow:
    if match is None:
        return {"kind": "pdq", "method": method, "caught": False, "distance": None}
    row: ReadingRow = {"kind": "pdq", "method": method, "caught": match.caught, "distance": match.distance}
    if match.reading.frame is not None:
        row["frame"] = match.reading.frame
    if match.reading.timestamp is not None:
        row["timestamp"] = match.reading.timestamp
    return row
