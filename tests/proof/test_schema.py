"""Rung 1: the plaintext has no place for anything but hashes, and its length is one of seven."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from takedown_cli.core.model import Fingerprint, Hashed, Media
from takedown_cli.protocol.bundle import file, seal
from takedown_cli.protocol.bundle.document import item_of
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import encode
from tests.proof import marked
from tests.proof.capture import Capture
from tests.proof.household import Household
from tests.protocol.bundle.factory import DECLARATION, SEALING

CASE = CaseNumber.parse("0000-0000-0000-0000-0000-0000")
PRINTS = (Fingerprint("sha256", "1" * 64), Fingerprint("pdq", "a" * 64, method="full", variant="upright", quality=90))


def payload(hashed: Hashed) -> bytes:
    item = item_of(hashed, "adult")
    assert item is not None
    return encode(file.payload_of([item], CASE, DECLARATION, day="2026-01-31", nonce="0" * 32))


@given(
    parts=st.lists(st.text(min_size=1).filter(lambda text: "/" not in text and "\0" not in text), min_size=1),
    size=st.integers(0, 2**63),
    form=st.text(),
    width=st.integers(0, 2**30),
    duration=st.none() | st.floats(0, 1e12),
)
def test_no_field_of_a_file_but_its_fingerprints_reaches_the_payload(
    parts: list[str], size: int, form: str, width: int, duration: float | None
) -> None:
    plain = Hashed(Path("x"), 1, Media.IMAGE, "JPEG", 2, 3, PRINTS)
    other = Hashed(Path(*parts), size, Media.IMAGE, form, width, width // 2, PRINTS, duration=duration)
    assert payload(other) == payload(plain)


def grams(*texts: str | bytes) -> set[bytes]:
    """Every run of four bytes."""
    found = set()
    for text in texts:
        data = text.encode() if isinstance(text, str) else text
        found |= {data[at : at + 4] for at in range(len(data) - 3)}
    return found


def words(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [
        "".join(chance.choices("abcdefghijklmnopqrstuvwxyzABCDEFXYZ", k=chance.randint(5, 14))) for _ in range(count)
    ]


def test_no_four_characters_of_names_exif_user_host_or_home_are_in_the_plaintext(
    house: Household, intake: Capture, tmp_path: Path
) -> None:
    private = words(40, seed=5)
    stranger = Household(tmp_path / "stranger", home=f"{private[0]}/{private[1]}")
    names, texts = iter(private[2:20]), private[20:36]
    for number in range(6):
        folder = stranger.work / "photos" / next(names) / next(names)
        folder.mkdir(parents=True)
        make, suffix = ((marked.jpeg, "jpg"), (marked.png, "png"))[number % 2]
        data = make(number, texts[number].encode())
        (folder / f"{next(names)}.{suffix}").write_bytes(data)
        (house.work / f"{number}.{suffix}").write_bytes(make(number))
    card = tmp_path / "card"
    card.write_bytes(intake.card)
    options = ("--intake-card", card, "--age", "adult", "--for", "self")
    user = {"USER": private[36], "LOGNAME": private[37], "HOSTNAME": private[38], "LANG": f"{private[39]}.UTF-8"}
    assert stranger("hash", "photos", "-o", "x.tdb", *options, env=user).code == 0
    assert house("hash", ".", "-o", "x.tdb", *options).code == 0
    from tests.proof.capture import plaintext

    theirs = plaintext((stranger.work / "x.tdb").read_bytes())
    neutral = plaintext((house.work / "x.tdb").read_bytes())
    secret = grams(*private, str(stranger.folder)) - grams(neutral, str(house.folder))
    assert len(secret) > 0.9 * len(grams(*private)), "the words must be telling"
    assert not secret & grams(theirs)
    sealed = seal.parse((stranger.work / "x.tdb").read_bytes())
    content = seal.open_as_intake(sealed, SEALING)
    assert len(seal.pad_to_bucket(content)) in seal.BUCKETS
    assert len(sealed.body) == len(seal.parse((house.work / "x.tdb").read_bytes()).body)
