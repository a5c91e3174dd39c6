"""``takedown platform relay`` as a process: the person learns the verdict, and nothing of people stays."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from takedown_cli.platform.home import Home
from takedown_cli.platform.local_list import LocalList
from tests.cli.commands.platform.conftest import Operator
from tests.cli.documents import published
from tests.cli.runner import start
from tests.client.hma_server import serving
from tests.docs.markdown import DOCS, code_blocks
from tests.intake.person import HTTP, Person, balanced, picture
from tests.platform.test_callbacks import SECRET, callback, pem, signed_by_coop, webhook
from tests.waiting import PATIENCE


@contextmanager
def relaying(site: Operator, *options: str) -> Iterator[str]:
    process = start("platform", "relay", "site", "--port", "0", "--json", *options, cwd=site.folder)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        report = published(line)
        assert report["schema"] == "takedown.platform.relay"
        yield report["address"]
    finally:
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 0


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def site(operator: Operator) -> Operator:
    operator.join()
    (operator.folder / "secret").write_bytes(SECRET + b"\n")
    (operator.folder / "coop.pem").write_bytes(pem())
    return operator


def listed(site: Operator, seed: str) -> tuple[Person, str]:
    """A person with one picture, and its record at the site."""
    person = Person(site.intake.origin, site.intake.card)
    assert person.submit(picture(balanced(seed))).is_success
    site("platform pull site")
    with LocalList(Home(site.folder / "site").list_file) as local:
        [record] = [key.hex() for key, value, _ in local.rows() if value.hex() == balanced(seed)]
    return person, record


def post(address: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return HTTP.post(address, content=body, headers=headers)


def say(address: str, said: object, at: int | None = None) -> httpx.Response:
    body = json.dumps(said).encode()
    return post(f"{address}/webhook", body, webhook(body, int(time.time()) if at is None else at))


def test_a_webhook_reaches_the_person_once(site: Operator) -> None:
    person, record = listed(site, "by a webhook")
    with relaying(site, "--webhook-secret", "secret") as address:
        body, at = json.dumps({"verdict": "Blocked", "id": record}).encode(), int(time.time())
        headers = webhook(body, at)
        assert post(f"{address}/webhook", body, headers).status_code == 202
        until(lambda: "blocked" in person.answers().values())
        assert post(f"{address}/webhook", body, headers).status_code == 409, "replayed"
        assert say(address, {"verdict": "NotBlocked", "id": record}, at - 3600).status_code == 401, "stale"
        assert post(f"{address}/webhook", body, {}).status_code == 401
        assert post(f"{address}/webhook", body, webhook(body, at, b"x" * 32)).status_code == 401
        assert say(address, {"verdict": "Blocked"}).status_code == 422
        assert say(address, {"verdict": "Blocked", "bank_content_id": 41}).status_code == 422, "no HMA was named"
        assert post(f"{address}/webhook", b"x" * 100_000, headers).status_code == 413
        assert post(f"{address}/coop", callback(record=record), {}).status_code == 404, "nobody was named"
        assert HTTP.get(f"{address}/healthz").status_code == 200
        assert "blocked" in person.answers().values()
        assert say(address, {"verdict": "NotBlocked", "id": record}).status_code == 202
        until(lambda: "blocked" not in person.answers().values())


def test_coop_names_an_entry_of_hma_and_nothing_of_people_is_kept(site: Operator) -> None:
    person, record = listed(site, "by coop")
    actions = ("--coop-key", "coop.pem", "--coop-action", "block-it=Blocked", "--coop-action", "let-it=NotBlocked")
    with serving() as hma:
        hma.entries[41] = {"id": 41, "bank": {"name": "NCII"}, "metadata": {"collab": {"NCII": [record]}}}
        hma.entries[42] = {"id": 42, "bank": {"name": "NCII"}, "metadata": {"collab": {"OTHER": ["tx-5"]}}}
        with relaying(site, *actions, "--hma", hma.to) as address:
            body = callback(bank_content_id="41")
            assert post(f"{address}/coop", body, {}).status_code == 401
            assert post(f"{address}/coop", body, signed_by_coop(body + b" ")).status_code == 401
            for other in (callback(bank_content_id=42), callback(bank_content_id=43)):
                assert post(f"{address}/coop", other, signed_by_coop(other)).status_code == 202
            assert post(f"{address}/coop", body, signed_by_coop(body)).status_code == 202
            until(lambda: "blocked" in person.answers().values())
            assert post(f"{address}/coop", body, signed_by_coop(body)).status_code == 200, "Coop repeats itself"
            ours = callback("warn-them", bank_content_id=41)
            assert post(f"{address}/coop", ours, signed_by_coop(ours)).status_code == 204
    kept = b"".join(path.read_bytes() for path in (site.folder / "site").iterdir())
    for word in (b"uploader", b"upload-17", b"moderator", b"SEVERE"):
        assert word not in kept


@pytest.mark.skipif(not (shutil.which("openssl") and shutil.which("curl")), reason="no openssl, or no curl")
def test_the_page_shows_how_to_sign_as_coop_does(site: Operator) -> None:
    person, record = listed(site, "signed by openssl")
    text = (DOCS / "how-to" / "relay-verdicts.md").read_text(encoding="utf-8")
    keys, send = (
        next(block for _, block in code_blocks(text) if word in block) for word in ("openssl genrsa", "curl --data")
    )

    def typed(script: str) -> str:
        done = subprocess.run(
            ["sh", "-e", "-c", script], cwd=site.folder, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    typed(keys)
    with relaying(site, "--coop-key", "coop.pem", "--coop-action", "removed=Blocked") as address:
        script = send.replace("RECORD-ID", record).replace("http://127.0.0.1:8471", address)
        unsigned = script.replace("Coop-Signature: ", "X-Other: ")
        assert [typed(unsigned), typed(script), typed(script)] == ["401", "202", "200"]
        until(lambda: "blocked" in person.answers().values())


def test_what_was_taken_outlives_the_relay_and_an_intake_that_is_away(site: Operator) -> None:
    person, record = listed(site, "while it was away")
    settings = site.folder / "site" / "platform.toml"
    before = settings.read_text()
    settings.write_text(before.replace(site.intake.origin, "http://127.0.0.1:9"))
    with relaying(site, "--webhook-secret", "secret", "--timeout", "1") as address:
        assert say(address, {"verdict": "Blocked", "id": record}).status_code == 202
    assert "blocked" not in person.answers().values()
    settings.write_text(before)
    with relaying(site, "--webhook-secret", "secret"):
        until(lambda: "blocked" in person.answers().values())


def test_a_relay_without_a_valid_key_or_secret_does_not_start(site: Operator) -> None:
    (site.folder / "short").write_text("secret\n")
    for options in (
        "", "--coop-key coop.pem", "--coop-action block-it=Blocked", "--webhook-secret short",
        "--coop-key secret --coop-action block-it=Blocked", "--coop-key coop.pem --coop-action block-it=Gone",
        "--webhook-secret nowhere", "--webhook-secret secret --hma http://hma.example",
        "--webhook-secret secret --hma hma+http://hma.example/NCII",
    ):  # fmt: skip
        site(f"platform relay site --port 0 {options}", 2)
    assert not (site.folder / "site" / "relay.db").exists()


def test_a_bank_that_hma_has_not_is_an_error_at_the_start(site: Operator) -> None:
    with serving() as hma:
        wrong = hma.to.replace("NCII", "NCCI")
        ended = site(f"platform relay site --port 0 --webhook-secret secret --hma {wrong}", 6)
    assert "no bank NCCI" in ended.said
    assert "--hma" in ended.said


def test_a_verdict_on_a_bank_of_another_name_waits_until_hma_has_it(site: Operator) -> None:
    person, record = listed(site, "by a bank's name")
    with serving() as hma:
        hma.entries[41] = {"id": 41, "bank": {"name": "LATER"}, "metadata": {"collab": {"LATER": [record]}}}
        for banks in ({"NCII"}, {"NCII", "LATER"}):
            hma.banks = banks
            with relaying(site, "--webhook-secret", "secret", "--hma", hma.to) as address:
                if banks == {"NCII"}:
                    said = {"verdict": "Blocked", "bank": "LATER", "bank_content_id": 41}
                    assert say(address, said).status_code == 202
                    until(lambda: any(path == "/c/bank/LATER" for _, path, _, _ in hma.asked))
                    assert "blocked" not in person.answers().values()
                else:
                    until(lambda: "blocked" in person.answers().values())


def test_an_hma_that_is_away_at_the_start_does_not_keep_callbacks_out(site: Operator) -> None:
    person, record = listed(site, "while hma was away")
    away = ("--webhook-secret", "secret", "--hma", "hma+http://127.0.0.1:9/NCII", "--timeout", "1")
    with relaying(site, *away) as address:
        assert say(address, {"verdict": "Blocked", "id": record}).status_code == 202
        until(lambda: "blocked" in person.answers().values())


def test_the_port_may_be_taken(site: Operator, tmp_path: Path) -> None:
    with relaying(site, "--webhook-secret", "secret") as address:
        said = site(f"platform relay site --port {address.rpartition(':')[2]} --webhook-secret secret", 2).said
        assert "--port" in said
