"""What would leave, in plain words: counts and kinds, the declaration, the destination; before anything is sent.

It guarantees that the words are made from the very items that are then signed.
It must never show a hash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from takedown_cli.address import IntakeAddress
from takedown_cli.bundle.document import Declaration, Item
from takedown_cli.bundle.seal import Sealed
from takedown_cli.cli.counted import counted

if TYPE_CHECKING:
    from takedown_cli.cli.case_documents import PreviewReport

_BEHALF: Final = {"self": "yourself", "child": "your child", "other": "someone who asked you"}
_AUTHORITY: Final = {
    "permission": "with that person's permission",
    "parent-or-guardian": "as parent or guardian",
    "law": "by authority in law",
}
_AGES: Final = {"under-18": "taken under 18", "adult": "taken at 18 or over", "unsure": "not sure about the age"}
#: Readings of the picture as it is; every other variant predicts a copy that somebody may have made of it.
_AS_IT_IS: Final = frozenset({None, "upright", "raw", "hma", "on-white", "on-black"})
_MEDIA: Final = {"image": "picture", "video": "video"}


def of_items(items: Sequence[Item], declaration: Declaration) -> list[str]:
    """One fact a line: what, of which age, for whom."""
    media = Counter(item.media for item in items)
    kinds = Counter(f.kind.upper() for item in items for f in item.fingerprints)
    ages = Counter(item.age for item in items)
    what = " and ".join(counted(count, _MEDIA[kind]) for kind, count in sorted(media.items()))
    hashes = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    authority = f", {_AUTHORITY[declaration.authority]}" if declaration.authority else ""
    return [
        f"  fingerprints of {what}: {hashes}",
        *_cost_of_copies(items),
        *(f"  {_AGES[age]}: {count:,}, for the {_list(age)} list" for age, count in sorted(ages.items())),
        f"  for {_BEHALF[declaration.behalf]}{authority}",
        "  no picture, no file name, nothing else about you or this computer",
    ]


def as_json(address: IntakeAddress, items: Sequence[Item], declaration: Declaration) -> PreviewReport:
    """The same for scripts: counts by medium, age and kind, and what is declared."""
    return {
        "schema": "takedown.preview",
        "version": 1,
        "destination": address.origin,
        "sealed": False,
        "media": dict(Counter(item.media for item in items)),
        "ages": dict(Counter(item.age for item in items)),
        "fingerprints": dict(Counter(f.kind for item in items for f in item.fingerprints)),
        "for": declaration.behalf,
        "authority": declaration.authority,
    }


def sealed_as_json(address: IntakeAddress, size: int) -> PreviewReport:
    """What can be told of a sealed bundle of ``size`` bytes."""
    return {
        "schema": "takedown.preview",
        "version": 1,
        "destination": address.origin,
        "sealed": True,
        "bytes": size,
    }


def _cost_of_copies(items: Sequence[Item]) -> list[str]:
    """What predicted copies add, and what they give away: the choice is the person's (``--copies``)."""
    variants = [f.variant for item in items for f in item.fingerprints if f.variant not in _AS_IT_IS]
    if not variants:
        return ["  of the pictures as they are; --copies finds changed copies as well"]
    lines = [f"  {len(variants):,} of these are for copies that somebody may have turned, cropped or framed"]
    if any(":" in (variant or "") for variant in variants):
        lines.append(
            "  (they tell more of a picture's rough shapes to whoever may read the list, and can be withdrawn)"
        )
    return lines


def of_sealed(sealed: Sealed, size: int) -> list[str]:
    """A sealed bundle says nothing but its destination and a size."""
    return [
        f"  a sealed bundle of {size:,} bytes, which only {sealed.audience.origin} can read",
        "  ('takedown inspect --case -' shows what is in it, with its case number)",
    ]


def of_destination(address: IntakeAddress) -> list[str]:
    if address.pin is not None:
        return [f"To {address.origin}, and to nobody else; its key is known."]
    return [
        f"To {address.origin}, and to nobody else.",
        "The address has no key after '#': whoever answers there will be trusted.",
    ]


def _list(age: str) -> str:
    return "adult" if age == "adult" else "under-18"
