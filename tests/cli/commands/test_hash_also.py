"""``--also``: further kinds through the whole command, with imagehash's own values, and no cost without them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import imagehash
import pytest
from PIL import Image, ImageOps

from takedown_cli import fixtures
from takedown_cli.cli.app import run as run_here
from takedown_cli.cli.options.recipe import ALSO

SINGLE = {
    "phash": imagehash.phash,
    "dhash": imagehash.dhash,
    "ahash": imagehash.average_hash,
    "whash": imagehash.whash,
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One picture in the ways that decoders differ about."""
    folder = tmp_path_factory.mktemp("pictures")
    picture = fixtures.picture(4, (360, 260))
    turned = Image.Exif()
    turned[0x0112] = 6
    picture.save(folder / "turned.jpg", quality=90, exif=turned)
    picture.convert("CMYK").save(folder / "cmyk.jpg")
    picture.convert("P").save(folder / "palette.png")
    picture.convert("LA").save(folder / "alpha.png")
    picture.save(folder / "plain.webp")
    fixtures.clip(folder / "party.mp4", 3)
    return folder


def test_values_are_those_of_imagehash(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(["hash", str(pictures), "--json", "-q", "--also", ",".join(ALSO), "--workers", "1"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert len(files) == 6
    for row in files:
        found: dict[str, list[str]] = defaultdict(list)
        for fingerprint in row["fingerprints"]:
            found[fingerprint["kind"]].append(fingerprint["value"])
        assert len(found["sha1"]) == 1
        if row["media"] == "video":
            assert not set(found) & {*SINGLE, "crop-resistant"}
            continue
        with Image.open(row["path"]) as opened:
            upright = ImageOps.exif_transpose(opened)
            for kind, method in SINGLE.items():
                assert found[kind] == [str(method(upright))]
            assert found["crop-resistant"] == str(imagehash.crop_resistant_hash(upright)).split(",")


def test_what_travels(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SHA-1 of videos always, of pictures only with --exact; the perceptual kinds of pictures always."""

    def kinds(name: str, *more: str) -> dict[str, int]:
        bundle = tmp_path / f"{len(list(tmp_path.iterdir()))}.tdb"
        arguments = ["hash", str(pictures / name), "-o", str(bundle), "-q", "--no-input", "--copies", "none"]
        assert run_here([*arguments, "--also", "sha1,phash,crop-resistant", "--workers", "1", *more]) == 0
        capsys.readouterr()
        assert run_here(["inspect", str(bundle), "--json"]) == 0
        counts: dict[str, int] = json.loads(capsys.readouterr().out)["totals"]["by_kind"]
        return {kind: count for kind, count in counts.items() if not kind.startswith("pdq")}

    plain = kinds("plain.webp")
    assert plain.pop("phash/upright") == 1
    assert plain
    assert all(kind.startswith("crop-resistant/segment-") for kind in plain)
    assert kinds("party.mp4") == {"md5": 1, "sha1": 1}
    exact = kinds("plain.webp", "--exact")
    assert {kind: exact.get(kind) for kind in ("md5", "sha1", "sha256")} == {"md5": 1, "sha1": 1, "sha256": 1}


_COUNT = """
import sys
from takedown_cli.core.model import Media, Recipe
from takedown_cli.hashing.pool.preload import preload
preload(Recipe(also=frozenset(sys.argv[1:])), Media.IMAGE)
print(*sorted({"imagehash", "scipy", "pywt"} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("also", "loaded"), [([], ""), (["sha1"], ""), (["phash"], "imagehash scipy"), (["whash"], "imagehash pywt")]
)
def test_the_library_is_loaded_only_when_asked_for(also: list[str], loaded: str) -> None:
    """In a process that decodes; the command itself never computes."""
    ended = subprocess.run([sys.executable, "-c", _COUNT, *also], capture_output=True, text=True, check=True)
    assert set(loaded.split()) <= set(ended.stdout.split())
    assert loaded or not ended.stdout.strip()
