"""A bundle with one of everything that may travel: two pictures, and videos with turned frames."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from takedown_cli.core.model import Fingerprint, Media
from takedown_cli.protocol.bundle.document import Item, item_of
from takedown_cli.protocol.bundle.file import encode_bundle, payload_of
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import Age, IntakeCard
from tests.protocol.bundle.factory import DECLARATION, pdq, picture

CASE = CaseNumber.parse("0" * 24)
DAY = "2026-01-02"
#: Any 256-bit values; those of the second picture repeat one of the first.
UPRIGHT, MIRROR, SQUEEZED = "a" * 64, "5" * 64, "c" * 64
FRAMES = ("3" * 64, "9" * 64)
TURNED = ("6" * 64, "99" * 16 + "66" * 16)


def _video(md5: str, frames: tuple[str, str], turned: tuple[str, str] | None = None, age: Age = "adult") -> Item:
    found = [Fingerprint("sha256", "0" * 64), Fingerprint("md5", md5), Fingerprint("sha1", md5 + "0" * 8)]
    for number, value in enumerate(frames):
        found.append(Fingerprint("pdq", value, "full", "upright", 90, number * 30, number * 1.001))
        found.append(Fingerprint("pdq", value[::-1], "full", "flipx", 90, number * 30, number * 1.001))
        if turned is not None:
            found.append(Fingerprint("pdq", turned[number], "full", "raw", 80, number * 30, number * 1.001))
    made = item_of(dataclasses.replace(picture(), media=Media.VIDEO, fingerprints=tuple(found)), age)
    assert made is not None
    return made


def items(*, age: Age = "adult") -> list[Item]:
    squeezed = dataclasses.replace(pdq("c"), method="512nn")
    phash = Fingerprint("phash", "0f" * 8, None, "upright")
    still = item_of(picture(pdq("a"), pdq("5", variant="flipy"), squeezed, phash), age)
    again = item_of(picture(pdq("a"), pdq("e")), "adult", exact=True)
    assert still is not None
    assert again is not None
    return [still, again, _video("1" * 32, FRAMES), _video("2" * 32, FRAMES[::-1], TURNED)]


def write_bundle(
    path: Path, some: list[Item] | None = None, *, test: bool = False, card: IntakeCard | None = None
) -> Path:
    payload = payload_of(some or items(), CASE, DECLARATION, day=DAY, test=test, card=card)
    path.write_bytes(encode_bundle(payload, CASE, card))
    return path
