"""How many hashes of one picture or video may be listed, and which of them stay if there are more.

The client makes no more than that, and the intake lists no more than that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from takedown_cli.core.variants import kind_of_copy, shows_picture_itself

if TYPE_CHECKING:
    from takedown_cli.protocol.bundle.document import BundleFingerprint, Item

#: Hashes of one picture, pictures of one file that may have as many each, and hashes of one video.
MAX_OF_PICTURE: Final = 100
MAX_PICTURES: Final = 16
MAX_OF_VIDEO: Final = 2000
#: Kinds of hashes that platforms' lists hold. Others are never listed, and only their bytes count.
LISTED_KINDS: Final = frozenset({"pdq", "md5", "sha1"})
#: Variants without which nothing else of a picture or frame is worth listing; digests have none.
_UPRIGHT: Final = (None, "upright", "preview")
#: Programs from before these limits made up to 107 hashes of a picture and 2,466 of a video, or as many thousands as
#: there were frames with ``--max-frames``. What has more than this many times its limit was made by no such program
#: with its default limits, and is refused.
FAR_OVER: Final = 4


def keep_within_limits(media: str, fingerprints: Sequence[BundleFingerprint]) -> tuple[BundleFingerprint, ...]:
    """Return the fingerprints of one item without those beyond its limit, in the same order.

    The upright hashes and digests of the picture itself stay first, then its other readings, then its mirrored and
    turned copies, then all others. Where not all of a group fit, they are spread evenly, so that every part of a video
    keeps some.
    """
    listed = [place for place, each in enumerate(fingerprints) if each.kind in LISTED_KINDS]
    if len(listed) <= MAX_OF_PICTURE:
        return tuple(fingerprints)
    if media == "video":
        kept = _choose(fingerprints, listed, MAX_OF_VIDEO)
    else:
        pictures = defaultdict(list)
        for place in listed:
            pictures[fingerprints[place].frame].append(place)
        kept = [place for each in pictures.values() for place in _choose(fingerprints, each, MAX_OF_PICTURE)]
        kept = _choose(fingerprints, kept, MAX_PICTURES * MAX_OF_PICTURE)
    left_out = {*listed} - {*kept}
    return tuple(each for place, each in enumerate(fingerprints) if place not in left_out)


def _choose(fingerprints: Sequence[BundleFingerprint], places: list[int], most: int) -> list[int]:
    if len(places) <= most:
        return places
    groups = defaultdict(list)
    for place in places:
        groups[_rank(fingerprints[place])].append(place)
    kept: list[int] = []
    for _, group in sorted(groups.items()):
        room = min(len(group), most - len(kept))
        kept += [group[n * len(group) // room] for n in range(room)]
    return kept


def _rank(fingerprint: BundleFingerprint) -> int:
    if shows_picture_itself(fingerprint.variant):
        return 0 if fingerprint.variant in _UPRIGHT and fingerprint.method != "512nn" else 1
    return 2 if kind_of_copy(fingerprint.variant or "") == "flips" else 3


def is_far_over(item: Item) -> bool:
    """Return whether an item has so many hashes that it is refused as a whole."""
    listed = [each.frame for each in item.fingerprints if each.kind in LISTED_KINDS]
    pictures = min(MAX_PICTURES, len({*listed}))
    return len(listed) > FAR_OVER * (MAX_OF_VIDEO if item.media == "video" else pictures * MAX_OF_PICTURE)
