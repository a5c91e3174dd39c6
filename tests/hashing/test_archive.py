"""Archives that are opened: what is in them takes their place, and none of their numbers and names is believed."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from takedown_cli.core.model import Failed, Hashed, Limits, Media, Outcome, Recipe
from takedown_cli.core.reasons import Reason
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing import archive
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pipeline import Tally
from takedown_cli.hashing.pool.listing import decode_listing, encode_listing
from takedown_cli.hashing.pool.record import RecordError
from takedown_cli.hashing.pool.supervisor import Pool
from tests.hashing.decode.phone_files import film, motion_photo, saved
from tests.hashing.pool.conftest import found

OPEN = Recipe(copies=frozenset(), limits=Limits(members=1000))
JPEG = saved(picture(31, (320, 240)), "JPEG")
OTHER = saved(picture(32, (320, 240)), "PNG")


def packed(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return stream.getvalue()


def outcomes(folder: Path, recipe: Recipe = OPEN, **files: bytes) -> list[Outcome]:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    with Pool(recipe, workers=2, open_file=open_media) as pool:
        return list(pool.outcomes(found(sorted(folder.iterdir()))))


def told(outcome: Outcome) -> tuple[str, int | None, str]:
    number = None if outcome.member is None else outcome.member.number
    return outcome.path.name, number, "hashed" if isinstance(outcome, Hashed) else str(outcome.reason)


def values(outcome: Outcome) -> list[str]:
    assert isinstance(outcome, Hashed)
    return [item.value for item in (*outcome.fingerprints, *outcome.clip) if item.kind in {"sha256", "pdq"}]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_is_inside_is_hashed_as_it_would_be_outside(tmp_path: Path, method: int) -> None:
    inside = {
        "one.jpg": JPEG,
        "b/clip.mp4": film(),
        "b/moving.jpg": motion_photo(),
        "notes.txt": b"words",
        "c.png": OTHER,
    }
    alone = tmp_path / "alone"
    alone.mkdir()
    for number, data in enumerate(inside.values()):
        (alone / str(number)).write_bytes(data)
    together = tmp_path / "together"
    together.mkdir()
    with Pool(OPEN, workers=1, open_file=open_media) as pool:
        separate = list(pool.outcomes(found(sorted(alone.iterdir()))))
    members = outcomes(together, z=packed(inside, method))
    assert [told(each)[1] for each in members] == [1, 2, 3, 4, 5]
    assert [told(each)[2] for each in members] == ["hashed", "hashed", "hashed", "not-media", "hashed"]
    for one, other in zip(members, separate, strict=True):
        if isinstance(one, Hashed):
            assert values(one) == values(other)


def test_members_take_the_place_of_their_archive_in_the_order(tmp_path: Path) -> None:
    two = packed({"1.jpg": JPEG, "2.png": OTHER})
    everything = outcomes(tmp_path, a=JPEG, b=two, c=OTHER, d=two, e=JPEG)
    assert [told(each)[:2] for each in everything] == [
        ("a", None), ("b", 1), ("b", 2), ("c", None), ("d", 1), ("d", 2), ("e", None),
    ]  # fmt: skip


def test_without_being_asked_no_archive_is_opened(tmp_path: Path) -> None:
    assert [told(each) for each in outcomes(tmp_path, Recipe(), a=packed({"1.jpg": JPEG}))] == [("a", None, "archive")]


def test_an_archive_inside_an_archive_stays_closed(tmp_path: Path) -> None:
    inner = packed({"1.jpg": JPEG})
    members = outcomes(tmp_path, a=packed({"inner.zip": inner, "1.jpg": JPEG, "x.docx": packed({"inner.zip": inner})}))
    assert [told(each)[2] for each in members] == ["archive", "hashed", "archive"]


def test_names_lead_nowhere(tmp_path: Path) -> None:
    names = [
        "../../outside.jpg",
        "/etc/outside.jpg",
        "C:\\outside.jpg",
        "a\0b.jpg",
        "\x1b[31mred.jpg",
        "../../outside.jpg",
    ]
    before = sorted(path.name for path in tmp_path.parent.iterdir())
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name in names:
            info = zipfile.ZipInfo("x")
            info.filename = name
            with warnings.catch_warnings():  # of a name that is there twice
                warnings.simplefilter("ignore")
                made.writestr(info, JPEG)
    members = outcomes(tmp_path, a=stream.getvalue())
    assert [told(each)[2] for each in members] == ["hashed"] * len(names)
    assert {each.path for each in members} == {tmp_path / "a"}
    assert sorted(path.name for path in tmp_path.parent.iterdir()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_encrypted_member_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    data = bytearray(packed({"1.jpg": JPEG, "2.png": OTHER}))
    for sign, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(sign) + flags] |= 1
    assert [told(each)[2] for each in outcomes(tmp_path, a=bytes(data))] == ["archive", "hashed"]


def test_a_member_that_is_encrypted_only_by_its_own_header_is_damaged(tmp_path: Path) -> None:
    data = bytearray(packed({"1.jpg": JPEG, "2.png": OTHER}))
    data[data.index(b"PK\3\4") + 6] |= 1
    assert [told(each)[2] for each in outcomes(tmp_path, a=bytes(data))] == ["damaged", "hashed"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_packed_otherwise_has_to_be_unpacked_first(tmp_path: Path, method: int) -> None:
    assert [told(each)[2] for each in outcomes(tmp_path, a=packed({"1.jpg": JPEG}, method))] == ["archive"]


def test_an_empty_archive_is_empty(tmp_path: Path) -> None:
    assert [told(each) for each in outcomes(tmp_path, a=packed({}), b=packed({"folder/": b""}))] == [
        ("a", None, "empty"), ("b", None, "empty"),
    ]  # fmt: skip


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """It says that it is too large, so not one byte is unpacked: what is wrong inside is not noticed."""
    data = bytearray(packed({"bomb.jpg": JPEG + bytes(1 << 27), "1.jpg": JPEG}))
    inside = data.index(b"bomb.jpg") + len("bomb.jpg")
    data[inside : inside + 8] = b"\xff" * 8  # no deflate stream begins so
    members = outcomes(tmp_path, a=bytes(data))
    assert [told(each)[2] for each in members] == ["archive-limit", "hashed"]


def test_many_small_bombs_end_at_the_bound_of_the_archive(tmp_path: Path) -> None:
    each = JPEG + bytes(30 << 20)
    members = outcomes(tmp_path, a=packed({f"{number}.jpg": each for number in range(5)}))
    assert [told(each)[1:] for each in members] == [(1, "hashed"), (2, "hashed"), (None, "archive-limit")]


def test_sizes_that_are_not_true_are_damage(tmp_path: Path) -> None:
    """Declared smaller than it is, larger than it is, or with another check sum."""
    told_of: list[str] = []
    for at, size in ((24, 100), (24, 1 << 31), (16, 0)):
        data = bytearray(packed({"1.jpg": JPEG}, zipfile.ZIP_DEFLATED))
        directory = data.index(b"PK\1\2")
        data[directory + at : directory + at + 4] = struct.pack("<I", size)
        told_of += [told(each)[2] for each in outcomes(tmp_path, a=bytes(data))]
    assert told_of[0] in {"damaged", "not-media"}
    assert told_of[1:] == ["archive-limit", "damaged"]


def test_a_stored_member_that_claims_another_size_is_damaged(tmp_path: Path) -> None:
    data = bytearray(packed({"1.jpg": JPEG}, zipfile.ZIP_STORED))
    directory = data.index(b"PK\1\2")
    data[directory + 24 : directory + 28] = struct.pack("<I", len(JPEG) + 1)
    assert [told(each)[2] for each in outcomes(tmp_path, a=bytes(data))] == ["damaged"]


def test_members_that_share_their_bytes_are_refused_together(tmp_path: Path) -> None:
    """D. Fifield, "A better zip bomb" (2019): every entry of the directory points at the same kernel."""
    data = packed({"1.jpg": JPEG, "2.jpg": OTHER})
    second = data.rindex(b"PK\1\2")
    shared = data[: second + 42] + bytes(4) + data[second + 46 :]
    assert [told(each) for each in outcomes(tmp_path, a=shared)] == [("a", None, "damaged")]


@pytest.mark.parametrize("cut", [4, 22, 100, 0.5, 0.9])
def test_an_archive_without_its_end_is_damaged(tmp_path: Path, cut: float) -> None:
    data = packed({"1.jpg": JPEG, "2.png": OTHER})
    short = data[: -int(cut)] if cut >= 1 else data[: int(len(data) * cut)]
    assert [told(each) for each in outcomes(tmp_path, a=short, b=JPEG)] == [
        ("a", None, "damaged"), ("b", None, "hashed"),
    ]  # fmt: skip


def test_any_changed_byte_gives_one_outcome_for_each_member_or_one_for_the_archive(tmp_path: Path) -> None:
    whole = packed({"1.jpg": JPEG, "2.png": OTHER})
    directory = whole.index(b"PK\1\2")
    for number, at in enumerate([*range(30), *range(directory, len(whole))]):
        changed = bytearray(whole)
        changed[at] ^= 0xFF
        (tmp_path / f"{number:03}").write_bytes(changed)
    by_file: dict[str, list[int | None]] = {}
    for each in outcomes(tmp_path):
        assert not (isinstance(each, Failed) and each.reason in {Reason.INTERNAL, Reason.DECODER_CRASHED}), told(each)
        by_file.setdefault(each.path.name, []).append(told(each)[1])
    assert len(by_file) == 30 + len(whole) - directory
    assert all(numbers in ([1, 2], [1], [None], [1, 2, None], [1, None]) for numbers in by_file.values())


def test_a_hundred_thousand_members_are_read_up_to_the_bound_and_the_rest_is_said(tmp_path: Path) -> None:
    members = {f"{number}": b"words" for number in range(100_000)}
    everything = outcomes(tmp_path, Recipe(limits=Limits(members=300)), a=packed(members, zipfile.ZIP_STORED), b=JPEG)
    assert [told(each)[1:] for each in everything[:300]] == [(number, "not-media") for number in range(1, 301)]
    assert [told(each) for each in everything[300:]] == [("a", None, "archive-limit"), ("b", None, "hashed")]
    tally = Tally()
    for each in everything:
        tally.add(each)
    assert (tally.files, tally.complete) == (302, False)


def test_a_long_member_is_unpacked_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_KEEP", 1000)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        data = packed({"x": b"-", "clip.mp4": film()}, method)
        stream = io.BytesIO(data)
        listing = archive.list_members(stream, len(data), Limits(members=10))
        assert listing.inside[1].holds == (Media.VIDEO, "mp4")
        opened = archive.open_member(stream, listing.inside[1].entry)
        assert opened.read() == film()
        opened.seek(len(film()) // 2)
        assert opened.read(1000) == film()[len(film()) // 2 :][:1000]
        assert opened.seek(0, io.SEEK_END) == len(film())
        opened.seek(5)
        assert opened.read(10) == film()[5:15]


def test_a_member_that_crashes_its_decoder_costs_no_other(tmp_path: Path) -> None:
    """A picture over the limit of pixels stands for it: each member is a file of its own to the pool."""
    wide = saved(picture(1, (900, 900)), "PNG")
    limits = Limits(members=10, pixels=320 * 240)
    members = outcomes(tmp_path, Recipe(limits=limits), a=packed({"1.jpg": JPEG, "2.png": wide, "3.jpg": JPEG}))
    assert [told(each)[2] for each in members] == ["hashed", "too-many-pixels", "hashed"]


def test_a_listing_from_a_hijacked_process_is_a_listing_or_refused() -> None:
    data = packed({"1.jpg": JPEG, "words": b"words"})
    listing = archive.list_members(io.BytesIO(data), len(data), Limits(members=10))
    record = encode_listing(listing)
    assert decode_listing(record, 10) == listing
    for wrong in (record[:-1], record + b"\0", record[:3], b"", b"\6\1\xff\xff\xff\xff"):
        with pytest.raises(RecordError):
            decode_listing(wrong, 10)
    with pytest.raises(RecordError):
        decode_listing(record, 1)
    for at in range(len(record)):
        for value in (0, 1, 2, 16, 17, 255):
            changed = record[:at] + bytes([value]) + record[at + 1 :]
            try:
                other = decode_listing(changed, 10)
            except RecordError:
                continue
            assert all(each.holds != (Media.VIDEO, "ZIP") for each in other.inside)


def test_what_is_cut_short_inside_is_said_to_be(tmp_path: Path) -> None:
    data = packed({"1.jpg": JPEG[:-2], "2.jpg": JPEG[: len(JPEG) * 9 // 10]})
    first, second = outcomes(tmp_path, a=data)
    assert isinstance(first, Hashed)
    assert isinstance(second, Hashed)
    assert (first.partial, second.partial) == (None, Reason.TRUNCATED)
