"""Media of every format, damaged in ways that depend on a seed alone.

It gives the same bytes for the same seed and the same encoders.
It does not damage a file so little that nothing changes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.hashing.discover.samples import PICTURES, VIDEOS, picture, video

SUFFIXES = {"JPEG": "jpg", "TIFF": "tif", "HEIF": "heic"}


def originals() -> Iterator[tuple[str, bytes]]:
    """A small file of every format with the end of its name."""
    for form in PICTURES:
        yield SUFFIXES.get(form, form.lower()), picture(form)
    for number, (form, muxer, codec) in enumerate(VIDEOS):
        yield f"{number}.{form}", video(muxer, codec)


def mutants(count: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """``count`` damaged copies of each original, by name."""
    for suffix, data in originals():
        for number in range(count):
            chance = random.Random(f"{seed} {suffix} {number}")
            yield f"mutant-{seed}-{number:03}.{suffix}", mutate(data, chance)


def mutate(data: bytes, chance: random.Random) -> bytes:
    """One copy with one to three kinds of damage, most of it near the start, where the structure is."""
    result = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = min(int(chance.expovariate(8 / len(data))), max(0, len(result) - 1))
        match chance.randrange(7):
            case 0:
                result[at] ^= 1 << chance.randrange(8)
            case 1:
                result[at : at + 4] = chance.choice(
                    (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\1")
                )
            case 2:
                del result[at : at + chance.randint(1, 64)]
            case 3:
                result[at:at] = chance.randbytes(chance.randint(1, 64))
            case 4:
                result[at : at + 64] = bytes(64)
            case 5:
                source = chance.randrange(len(data))
                result[at : at + 256] = data[source : source + 256]
            case _:
                del result[chance.randint(1, len(result)) :]
        if not result:
            return data[: len(data) // 2]
    return bytes(result) if result != data else data[:-1]
