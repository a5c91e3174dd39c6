"""``hma submit`` and ``hma withdraw`` against a server with HMA's documented interface, in its bad moods too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from takedown_cli import fixtures
from takedown_cli.cli.app import run as run_here
from takedown_cli.client import retries
from takedown_cli.client.bank_receipt import BankReceipt
from takedown_cli.core.errors import ConfigError
from takedown_cli.protocol.addresses import BankAddress
from tests.cli.documents import published
from tests.cli.runner import run
from tests.client.hma_server import Server, serving
from tests.protocol.bundle.every_kind import CASE, items, write_bundle
from tests.protocol.bundle.factory import card

VALUES = sorted({f.value for item in items() for f in item.fingerprints if f.kind == "pdq"} | {"1" * 32, "2" * 32})


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as state:
        yield state


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.01)


@pytest.fixture
def submit(server: Server, tmp_path: Path) -> Callable[..., int]:
    bundle = write_bundle(tmp_path / "x.tdb")

    def command(*extra: str, to: str | None = None, source: Path = bundle) -> int:
        receipt = ["--receipt", str(tmp_path / "receipt")]
        return run_here(["hma", "submit", str(source), "--to", to or server.to, *receipt, "--yes", "-q", *extra])

    return command


def withdraw(tmp_path: Path, *extra: str) -> int:
    return run_here(["hma", "withdraw", "--receipt", str(tmp_path / "receipt"), "--yes", "-q", *extra])


def test_every_hash_is_banked_once_under_one_random_label(
    server: Server, submit: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit("--json") == 0
    report = published(capsys.readouterr().out)
    assert (report["banked"], report["already"]) == (len(VALUES), 0)
    assert report["left_out"] == {"md5": 1, "phash": 1, "sha1": 2, "sha256": 1}
    assert server.values() == VALUES
    assert re.fullmatch("takedown [0-9a-f]{32}", report["label"])
    assert {entry["note"] for entry in server.entries.values()} == {report["label"]}
    assert submit("--json") == 0
    assert published(capsys.readouterr().out)["already"] == len(VALUES)
    assert server.values() == VALUES


def test_nothing_but_hashes_and_the_label_is_sent(server: Server, submit: Callable[..., int], tmp_path: Path) -> None:
    fixtures.picture(5, (300, 200)).save(tmp_path / "beach at home.png")
    assert submit("--age", "adult", "--for", "self", source=tmp_path / "beach at home.png") == 0
    for method, path, body, headers in server.asked:
        assert set(headers) <= {"Host", "Accept", "accept-encoding", "Connection", "user-agent", "content-type",
                                "Content-Length", "Accept-Encoding", "User-Agent", "Content-Type"}  # fmt: skip
        if method == "POST":
            assert set(json.loads(body)) <= {"pdq", "note"}
        else:
            assert not body
            assert path in {"/c/bank/NCII", "/c/signal_type"}


def test_nothing_is_contacted_before_it_was_confirmed(
    server: Server, submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit("--dry-run") == 0
    preview = run_here(["hma", "submit", str(tmp_path / "x.tdb"), "--to", server.to, "--dry-run", "--json", "-q"])
    assert preview == 0
    assert published(capsys.readouterr().out)["signals"] == {"pdq": len(VALUES) - 2, "video_md5": 2}
    ended = run("hma", "submit", "x.tdb", "--to", server.to, "--receipt", "receipt", cwd=tmp_path)
    assert ended.code == 8
    assert not server.asked
    assert not (tmp_path / "receipt").exists()


def test_a_bank_on_another_machine_needs_tls() -> None:
    with pytest.raises(ConfigError, match=r"hma\+https"):
        BankAddress.parse("hma+http://hma.example/NCII")
    assert str(BankAddress.parse("hma+http://hma.example/NCII", plain=True)) == "hma+http://hma.example/NCII"
    assert str(BankAddress.parse("hma+https://HMA.example:443/NCII")) == "hma+https://hma.example/NCII"
    assert BankAddress.parse("hma+http://[::1]:5100/A_1").server.origin == "http://[::1]:5100"


@pytest.mark.parametrize(
    "text",
    ["https://hma.example/NCII", "hma+https://hma.example", "hma+https://hma.example/", "hma+https://hma.example/ncii",
     "hma+https://u:p@hma.example/NCII", "hma+https://hma.example/NCII?x=1", "hma+https://hma.example/a/NCII",
     "hma+ftp://hma.example/NCII", "hma+https://hma.example:x/NCII", "hma+https://hma.example?/NCII"],
)  # fmt: skip
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        BankAddress.parse(text)


def test_what_was_cut_short_is_found_and_not_sent_again(
    server: Server, submit: Callable[..., int], tmp_path: Path
) -> None:
    server.unanswered = {3}
    assert submit() == 7
    assert len(server.entries) == 3
    assert submit() == 0
    assert server.values() == VALUES
    assert withdraw(tmp_path) == 0
    assert not server.entries


def test_what_the_server_does_not_know_yet_is_sent_again_and_both_are_taken_out(
    server: Server, submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """HMA's lookup knows only what was indexed: a hash must not stay unprotected, nor be left behind at the end."""
    server.unanswered, server.indexes = {3}, False
    assert submit() == 7
    assert submit() == 0
    assert len(server.entries) == len(VALUES) + 1
    capsys.readouterr()
    assert withdraw(tmp_path, "--json") == 3
    assert published(capsys.readouterr().out)["doubtful"] == 1
    assert len(server.entries) == 1
    server.index()
    assert withdraw(tmp_path, "--json") == 0
    assert not server.entries


def test_a_receipt_torn_in_the_middle_of_a_line_goes_on(
    server: Server, submit: Callable[..., int], tmp_path: Path
) -> None:
    assert submit() == 0
    receipt = tmp_path / "receipt"
    receipt.write_bytes(receipt.read_bytes()[:-9])
    assert submit() == 0
    assert server.values() == VALUES
    assert withdraw(tmp_path) == 0
    assert not server.entries


def test_a_busy_server_is_waited_for(server: Server, submit: Callable[..., int]) -> None:
    server.busy = {1: 503, 2: 429}
    assert submit() == 0
    assert server.values() == VALUES


def test_after_a_gateway_timeout_nothing_is_repeated_blindly(server: Server, submit: Callable[..., int]) -> None:
    server.busy = {2: 504}
    assert submit() == 7
    assert server.bankings == 2


def test_only_what_bears_the_label_is_taken_out(server: Server, submit: Callable[..., int], tmp_path: Path) -> None:
    strangers = [server.add({"pdq": VALUES[5]}, None), server.add({"pdq": VALUES[6]}, "takedown " + "0" * 32)]
    assert submit() == 0
    # The database was restored from a copy, and the numbers went to others.
    number = max(server.entries)
    server.entries[number] = {**server.entries[number], "note": "somebody else's"}
    assert withdraw(tmp_path) == 0
    assert sorted(server.entries) == [*strangers, number]


def test_kinds_that_the_server_does_not_match_by_are_left_out(
    server: Server, submit: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    server.kinds = ("pdq",)
    assert submit("--json") == 0
    assert published(capsys.readouterr().out)["left_out"]["video_md5"] == 2
    assert server.values() == [value for value in VALUES if len(value) == 64]


@pytest.mark.parametrize(
    ("change", "code"),
    [({"keeps_notes": False}, 6), ({"redirects": True}, 6)],
)
def test_another_server_is_refused(
    server: Server, submit: Callable[..., int], change: dict[str, Any], code: int
) -> None:
    for name, value in change.items():
        setattr(server, name, value)
    assert submit() == code
    assert not server.entries


def test_a_missing_bank_and_a_dead_server_are_reported(server: Server, submit: Callable[..., int]) -> None:
    assert submit(to=server.to.replace("NCII", "OTHER")) == 6
    assert submit(to="hma+http://127.0.0.1:9/NCII") == 7
    assert not server.entries


def test_a_receipt_is_for_one_bank_and_one_run(server: Server, submit: Callable[..., int], tmp_path: Path) -> None:
    assert submit() == 0
    assert submit(to="hma+http://127.0.0.1:9/NCII") == 2
    with BankReceipt(tmp_path / "receipt", BankAddress.parse(server.to)):
        assert submit() == 2
    (tmp_path / "receipt").write_text("no receipt\n")
    assert submit() == 5
    assert withdraw(tmp_path) == 5
    (tmp_path / "receipt").unlink()
    assert withdraw(tmp_path) == 2
    assert not (tmp_path / "receipt").exists()


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff a picture", b'{"payload":"', b"words\nmore words", b"{", b"\n", b"\0"]
)
def test_another_file_named_as_receipt_is_not_touched(
    server: Server, submit: Callable[..., int], tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "receipt").write_bytes(content)
    assert submit() == (0 if content == b"{" else 5)  # a receipt may be cut short after its first byte
    if content != b"{":
        assert withdraw(tmp_path) == 5
        assert (tmp_path / "receipt").read_bytes() == content
        assert not server.asked


def test_a_receipt_cut_short_anywhere_goes_on(server: Server, submit: Callable[..., int], tmp_path: Path) -> None:
    assert submit() == 0
    whole = (tmp_path / "receipt").read_bytes()
    for at in (1, 40, whole.index(b"\n"), whole.index(b"\n") + 1, len(whole) // 2, len(whole) - 1):
        (tmp_path / "receipt").write_bytes(whole[:at])
        assert submit() == 0
        with BankReceipt(tmp_path / "receipt") as receipt:
            assert sorted(value for _, value in receipt.entries) == VALUES


def test_one_list_alone(server: Server, submit: Callable[..., int], tmp_path: Path) -> None:
    mixed = write_bundle(tmp_path / "mixed.tdb", [*items()[:1], *items(age="unsure")[:1]])
    assert submit("--list", "under-18", source=mixed) == 0
    assert len(server.entries) == 3
    assert submit("--list", "old", source=mixed) == 2


def test_tests_and_sealed_bundles_stay_out(server: Server, submit: Callable[..., int], tmp_path: Path) -> None:
    assert submit(source=write_bundle(tmp_path / "t.tdb", test=True)) == 2
    sealed = write_bundle(tmp_path / "s.tdb", card=card())
    assert submit(source=sealed) == 5
    assert not server.asked
    (tmp_path / "number").write_text(str(CASE))
    assert submit("--case", str(tmp_path / "number"), source=sealed) == 0
    assert server.values() == VALUES


def test_what_a_bank_has_no_use_for_is_refused(server: Server, submit: Callable[..., int], tmp_path: Path) -> None:
    for extra in (["--intake", "https://intake.example"], ["-o", "x"], ["--test"], ["--exact"], ["--age", "adult"]):
        assert submit(*extra) == 2
    assert run_here(["hma", "submit", str(tmp_path / "x.tdb"), "--to", server.to, "--yes", "-q"]) == 2
    assert run_here(["hma", "submit", str(tmp_path / "x.tdb"), "--list", "adult", "--yes", "-q"]) == 2
    assert not server.asked


def test_the_commands_under_their_old_names_do_the_same(
    server: Server, submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = ["submit", str(tmp_path / "x.tdb"), "--to", server.to]
    receipt = ["--receipt", str(tmp_path / "receipt")]
    assert run_here([*old, "--dry-run", "--json", "-q"]) == 0
    assert published(capsys.readouterr().out)["schema"] == "takedown.bank-preview"
    assert not server.asked
    assert run_here([*old, *receipt, "--yes", "--json", "-q"]) == 0
    ended = capsys.readouterr()
    assert published(ended.out)["banked"] == len(VALUES)
    assert ended.err == "Note: 'takedown submit --to' is deprecated. Use 'takedown hma submit'.\n"
    assert submit() == 0, "the receipt of one is the receipt of the other"
    assert server.values() == VALUES
    capsys.readouterr()
    assert run_here(["withdraw", *receipt, "--yes", "--json", "-q"]) == 0
    ended = capsys.readouterr()
    assert published(ended.out)["taken_out"] == len(VALUES)
    assert ended.err == "Note: 'takedown withdraw --receipt' is deprecated. Use 'takedown hma withdraw --receipt'.\n"
    assert not server.entries


@pytest.mark.parametrize(
    "extra", [["--intake", "https://intake.example"], ["-o", "x"], ["--test"], ["--exact"], ["--age", "adult"]]
)
def test_under_the_old_names_nothing_of_an_intake_is_mixed_in(server: Server, extra: list[str], tmp_path: Path) -> None:
    bundle = str(write_bundle(tmp_path / "x.tdb"))
    old = ["submit", bundle, "--to", server.to, "--receipt", str(tmp_path / "receipt"), "--yes", "-q"]
    assert run_here([*old, *extra]) == 2
    assert run_here(["submit", bundle, "--to", server.to, "--yes", "-q"]) == 2
    assert run_here(["submit", bundle, "--list", "adult", "--yes", "-q"]) == 2
    assert run_here(["withdraw", "-", "--receipt", "receipt", "--yes", "-q"]) == 2
    assert not server.asked


def test_the_old_names_are_not_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command, options in (("submit", ("--to", "--receipt", "--list", "--plain-http")), ("withdraw", ("--receipt",))):
        assert run_here([command, "--help"]) == 0
        page = capsys.readouterr().out
        assert not any(f"{option} " in page for option in options)


def test_a_dead_proxy_fails_closed(server: Server, submit: Callable[..., int]) -> None:
    assert submit("--proxy", "socks5h://127.0.0.1:9") == 7
    assert not server.asked
