"""Rung 3: the same pictures under other circumstances give the same plaintext, byte for byte."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from takedown_cli.protocol.bundle.file import open_signed
from takedown_cli.protocol.case_number import CaseNumber
from tests.proof import marked
from tests.proof.household import Household

SEEDS = range(5)


def plaintext(house: Household, *arguments: str | Path, env: dict[str, str], before: tuple[str, ...] = ()) -> bytes:
    number = house.folder / "number"
    number.write_text("0000-0000-0000-0000-0000-0000\n")
    made = house(
        "hash", *arguments, "-o", house.work / "x.tdb", "--case", number, "--nonce", "ab" * 16, "--age", "adult",
        "--for", "self", env=env, before=before,
    )  # fmt: skip
    assert made.code == 0, made.err
    return open_signed((house.work / "x.tdb").read_bytes()).payload


def other_host() -> tuple[str, ...]:
    """A host of another name, where a namespace may be made."""
    if sys.platform != "linux" or shutil.which("unshare") is None or shutil.which("hostname") is None:
        return ()
    script = 'hostname lenas-laptop && exec "$@"'
    before = ("unshare", "--user", "--map-root-user", "--uts", "sh", "-c", script, "sh")
    return before if subprocess.run([*before, "true"], capture_output=True, check=False).returncode == 0 else ()


def test_names_exif_order_times_locale_zone_home_and_host_do_not_show(tmp_path: Path) -> None:
    one, other = Household(tmp_path / "one"), Household(tmp_path / "other", home="Users/Lena Ångström")
    for seed in SEEDS:
        (one.work / f"{seed}.jpg").write_bytes(marked.jpeg(seed))
        (one.work / f"{seed + 10}.png").write_bytes(marked.png(seed + 10))
        mark = f"Lena {seed} at the beach".encode()
        deeper = other.work / "Fotos" / f"year {2010 - seed}"
        deeper.mkdir(parents=True)
        (deeper / f"z{9 - seed} Lena.JPEG").write_bytes(marked.jpeg(seed, mark))
        (deeper / f"a{seed}").write_bytes(marked.png(seed + 10, mark))
        os.utime(deeper / f"a{seed}", (seed * 10**8, seed * 10**8))
    usual = plaintext(one, ".", env={"TZ": "UTC"})
    strange = {"TZ": "Pacific/Kiritimati", "LC_ALL": "", "LANG": "tr_TR.UTF-8", "USER": "lena", "LOGNAME": "lena"}
    before = other_host()
    if plaintext(other, "Fotos", env=strange, before=before) != usual:  # midnight may have passed in between
        usual = plaintext(one, ".", env={"TZ": "UTC"})
        assert plaintext(other, "Fotos", env=strange, before=before) == usual
    assert CaseNumber.parse("0" * 24).lookup_id().encode() in usual


def test_another_picture_does_show(tmp_path: Path) -> None:
    """The comparison can fail."""
    one, other = Household(tmp_path / "one"), Household(tmp_path / "other")
    (one.work / "a.jpg").write_bytes(marked.jpeg(1))
    (other.work / "a.jpg").write_bytes(marked.jpeg(2))
    assert plaintext(one, "a.jpg", env={}) != plaintext(other, "a.jpg", env={})


@pytest.mark.skipif(not other_host(), reason="no namespaces for host names here")
def test_the_other_host_really_has_another_name() -> None:
    told = subprocess.run([*other_host(), "hostname"], capture_output=True, check=True)
    assert told.stdout == b"lenas-laptop\n"
