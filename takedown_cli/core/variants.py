"""The variants of a fingerprint: which ones show the picture itself, and which ones predict a copy of it.

The preview, the feeds, withdrawal and ``check`` all use this table.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

#: The picture as a person sees it.
UPRIGHT: Final = "upright"
#: The picture that a camera put into its raw file. Intakes before 2026-11-30 list it as a copy of an unknown kind.
PREVIEW: Final = "preview"
#: Deep grey as viewers show it, which is dark where fewer bits are used. The same intakes list it as such a copy too.
AS_SHOWN: Final = "as-shown"
#: The part that is left of a picture file whose end is missing. Intakes take it for a crop.
CUT: Final = "crop:cut"
#: By one of these the picture of a file is found again: a raw file has the second in place of the first, a cut file the
#: third.
FINDS_PICTURE: Final = frozenset({UPRIGHT, PREVIEW, CUT})
#: Readings of the picture as it is: upright, as stored, as HMA misreads it, a transparent one on either background,
#: deep grey as viewers show it, and the preview of a raw file.
PICTURE_ITSELF: Final = frozenset({UPRIGHT, "raw", "hma", "on-white", "on-black", AS_SHOWN, PREVIEW})

#: A kind of predicted copies. The order is that of the class bits of the intake's feeds, so new ones go to the end.
CopyKind = Literal["flips", "screens", "crops", "borders", "captions", "tilts", "fits"]
COPY_KINDS: Final[tuple[CopyKind, ...]] = get_args(CopyKind)
#: How the variants of each kind begin. The flips have exact names (``rotate90``, ``flipx``, …).
_BEGINNINGS: Final[dict[CopyKind, tuple[str, ...]]] = {
    kind: ("rotate", "flip") if kind == "flips" else (f"{kind.removesuffix('s')}:",) for kind in COPY_KINDS
}
#: Copies that the hash itself gives, and stills from between the frames of a video: they are looked for while decoding.
FLIPS: Final = "flips"
STILLS: Final = "stills"
#: What a person may ask for with ``--copies``. The stills are frames of a video, not a variant. "none" and "all" mean
#: no kind and every kind.
COPIES: Final = ("none", *COPY_KINDS, STILLS, "all")


def shows_picture_itself(variant: str | None) -> bool:
    """Return whether a fingerprint of this variant shows the picture or file itself. Digests have no variant."""
    return variant is None or variant in PICTURE_ITSELF


def expand_copies(kinds: frozenset[str]) -> frozenset[str]:
    """Return which of ``COPIES`` are meant, with "all" and "none" spelled out."""
    return (frozenset(COPIES) if "all" in kinds else kinds) - {"all", "none"}


def kind_of_copy(variant: str) -> CopyKind | None:
    """Return the kind of predicted copies that a variant belongs to, or None if this version does not know it."""
    return next((kind for kind, beginnings in _BEGINNINGS.items() if variant.startswith(beginnings)), None)
