"""How the intake serves the page: hard headers, one small set of files, and a digest that anybody can compare."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256, sha384
from pathlib import Path

import pytest

from takedown_cli.intake.http import page_routes
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.page import page_digest, page_files
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.wire import PageDigest, decode
from tests.intake.page.browser import ROOT, SOURCE
from tests.intake.person import HTTP

#: Bytes of all that the page loads, compressed.
BUDGET = 150_000
built = pytest.mark.skipif(not page_files(), reason="the page is not built: run 'make web'")


@built
@pytest.mark.parametrize("path", sorted(page_files()))
def test_nothing_is_cached_framed_or_loaded_from_elsewhere(intake: Running, path: str) -> None:
    response = HTTP.get(intake.origin + path)
    assert response.status_code == 200
    policy = dict(part.strip().partition(" ")[::2] for part in response.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in response.headers["content-security-policy"]
    expected = {
        "cache-control": "no-store", "x-frame-options": "DENY", "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff", "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp", "cross-origin-resource-policy": "same-origin",
        "x-dns-prefetch-control": "off",
    }  # fmt: skip
    assert {name: response.headers[name] for name in expected} == expected
    assert "set-cookie" not in response.headers
    assert len(response.headers.get_list("content-security-policy")) == 1


@built
def test_all_of_it_is_small(intake: Running) -> None:
    lengths = {path: int(HTTP.get(intake.origin + path).headers["content-length"]) for path in page_files()}
    catalogues = [path for path in lengths if path.endswith(".json")]
    loaded = sum(lengths[path] for path in lengths if path not in catalogues)
    assert loaded + max(lengths[path] for path in catalogues) <= BUDGET
    for path, file in page_files().items():
        assert HTTP.get(intake.origin + path, headers={"accept-encoding": "identity"}).content == file.body
    assert HTTP.get(f"{intake.origin}/case/LICENSES.txt").status_code == 404
    assert HTTP.get(f"{intake.origin}/case/..%2f..%2fsettings.json").status_code == 404


@built
def test_the_page_names_its_files_with_their_digests() -> None:
    files = page_files()
    named = dict(re.findall(r'(?:src|href)="(/case/[^"]+)" integrity="([^"]+)"', files["/case"].body.decode()))
    assert set(named) == {"/case/page.js", "/case/page.css"}
    for path, file in files.items():
        integrity = f"sha384-{base64.b64encode(sha384(file.body).digest()).decode()}"
        if path in named:
            assert named[path] == integrity
        elif path != "/case":  # a catalogue, whose digest is in the script
            assert integrity in files["/case/page.js"].body.decode()


@built
def test_the_digest_is_signed_by_the_intake(intake: Running) -> None:
    signed = envelope.verify(HTTP.get(f"{intake.origin}/v1/page").content, PageDigest.TYPE)
    assert signed.signers == (bytes.fromhex(envelope_signer(intake)),)
    served = HTTP.get(f"{intake.origin}/case").content
    assert decode(PageDigest, signed.payload).page == page_digest() == sha256(served).hexdigest()


def envelope_signer(intake: Running) -> str:
    return intake.identity.keyring.signing.public_key().public_bytes_raw().hex()


def test_an_intake_without_the_page_says_so(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_routes, "page_files", dict)
    monkeypatch.setattr(page_routes, "page_digest", lambda: None)
    response = HTTP.get(f"{intake.origin}/case")
    assert response.status_code == 404
    assert "make web" in response.text
    assert HTTP.get(f"{intake.origin}/v1/page").status_code == 404


def test_the_lock_names_no_address_and_has_a_hash_for_every_package() -> None:
    lock = (SOURCE / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert "http://" not in lock
    assert lock.count('"integrity": "sha512-') == lock.count('"node_modules/')


def _needs_packages() -> str:
    node = shutil.which("node")
    if node is None or not (SOURCE / "node_modules" / "esbuild").is_dir():
        pytest.skip("Node.js and the page's packages are not here: run 'make web'")
    return node


@built
def test_the_page_is_built_from_these_sources_and_always_the_same(tmp_path: Path) -> None:
    """If this fails after a change, run 'make web'."""
    node = _needs_packages()
    for place in (tmp_path, ROOT):
        subprocess.run([node, SOURCE / "build.mjs", tmp_path / "again"], cwd=place, check=True, capture_output=True)
        for file in sorted((tmp_path / "again").iterdir()):
            assert file.read_bytes() == (SOURCE / "built" / file.name).read_bytes(), file.name


@built
@pytest.mark.slow
def test_a_wheel_has_the_page_and_not_its_sources(tmp_path: Path) -> None:
    build: list[str | Path] = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = "takedown_cli/intake/page/"
    with zipfile.ZipFile(wheel) as archive:
        names = {name.removeprefix(inside) for name in archive.namelist() if name.startswith(inside)}
        assert archive.read(f"{inside}built/page.html") == page_files()["/case"].body
        catalogues = {name for name in archive.namelist() if name.endswith(".po")}
    # The command line and slips read them where takedown is installed.
    assert catalogues == {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "takedown_cli" / "locale").rglob("*.po")
    }
    built_files = {f"built/{path.name}" for path in (SOURCE / "built").iterdir()}
    assert names == {"__init__.py", *built_files}
    assert {"built/page.js", "built/page.css", "built/LICENSES.txt", "built/ar.json"} <= built_files
