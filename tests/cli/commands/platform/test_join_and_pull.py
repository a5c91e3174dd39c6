"""``takedown platform`` as an operator of a small site types it, against a real intake on loopback."""

from __future__ import annotations

import sys

import pytest

from takedown_cli.intake.http.server import Running
from takedown_cli.platform.home import Home
from takedown_cli.platform.local_list import LocalList
from tests.cli.commands.platform.conftest import Operator
from tests.cli.documents import published
from tests.cli.runner import after, in_terminal, run
from tests.intake.person import Person, balanced, picture


def test_join_and_pull(operator: Operator, intake: Running) -> None:
    person = Person(intake.origin, intake.card)
    person.submit(picture(balanced("typed")), picture(balanced("typed too")))
    assert operator.intake.address in operator.join("--max-age 2d").out.decode()
    assert "The whole list was fetched" in operator("platform pull site").out.decode()
    before = published(operator("platform pull site --json").out)
    person.withdraw(balanced("typed"))
    after = published(operator("platform pull site --json").out)
    assert (after["kind"], after["removed"], after["active"]) == ("delta", 1, before["active"] - 1)
    if sys.platform != "win32":
        assert {path.stat().st_mode & 0o777 for path in (operator.folder / "site").iterdir()} == {0o600}


def test_a_folder_joins_once_unless_it_is_forced(operator: Operator) -> None:
    operator.join()
    said = operator(f"platform join site --intake {operator.intake.address} --token-file token", 2).said
    assert "--force" in said
    operator("platform pull site")
    operator.join("--force --lists adult")
    assert published(operator("platform pull site --json").out)["kind"] == "snapshot", "another choice is another list"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o770, 0o1777])
def test_a_folder_in_which_others_may_write_is_refused(operator: Operator, mode: int) -> None:
    (operator.folder / "real").mkdir()
    (operator.folder / "real").chmod(mode)
    (operator.folder / "site").symlink_to("real")
    said = operator(f"platform join site --intake {operator.intake.address} --token-file token", 2).said
    assert "chmod go-w" in said
    assert not any((operator.folder / "real").iterdir())
    (operator.folder / "real").chmod(0o755)
    operator.join()
    operator("platform pull site")


def test_the_token_comes_from_a_file_a_pipe_or_a_person_and_never_from_an_argument(operator: Operator) -> None:
    where = f"--intake {operator.intake.address}"
    operator(f"platform join piped {where} --token-file -", stdin=operator.token)
    operator(f"platform join asked {where} --no-input", 2)
    operator(f"platform join wrong {where} --token-file nowhere", 2)
    code, screen = in_terminal(
        "platform", "join", "typed", "--intake", operator.intake.address, cwd=operator.folder,
        answers=[("Token:", operator.token + "\n")],
    )  # fmt: skip
    assert code == 0, screen
    assert operator.token not in screen
    assert sorted(path.name for path in operator.folder.glob("*/platform.toml")) == ["platform.toml"] * 2


def test_what_cannot_be_joined_leaves_no_folder(operator: Operator) -> None:
    address = operator.intake.address
    (operator.folder / "other").write_text("another token\n")
    (operator.folder / "revoked").write_text("A" * len(operator.token))
    for options, code, words in (
        (f"--intake {address} --token-file revoked", 2, "does not accept this token"),
        (f"--intake {address} --token-file other", 2, "not valid"),
        (f"--intake {address} --token-file token --lists grown-ups", 2, "--lists"),
        (f"--intake {address} --token-file token --max-age 0d", 2, "--max-age"),
        (f"--intake {operator.intake.origin} --token-file token", 2, "no key id"),
        (f"--intake {operator.intake.origin}#{'0' * 40} --token-file token", 6, "not the expected one"),
        ("--intake http://127.0.0.1:9#" + "0" * 40 + " --token-file token --timeout 1", 7, "127.0.0.1:9"),
    ):
        said = operator(f"platform join site {options}", code).said.replace("\n", " ")
        assert words in said, said
    assert not (operator.folder / "site").exists()


def test_a_pull_that_fails_says_what_to_do(operator: Operator) -> None:
    assert "platform join" in operator("platform pull nowhere", 2).said
    operator.join()
    operator("platform pull site")
    (operator.folder / "site" / "list.db").write_bytes(b"damaged" * 999)
    said = operator("platform pull site", 5).said
    assert "list.db" in said
    assert "damaged" in said


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on a file's size")
@pytest.mark.parametrize("afresh", ["", "--afresh"])
def test_a_full_disk_leaves_the_old_list(operator: Operator, intake: Running, afresh: str) -> None:
    Person(intake.origin, intake.card).submit(picture(balanced(("before it was full", afresh))))
    operator.join()
    operator("platform pull site")
    before = _held(operator)
    values = [balanced(("too many", afresh, number)) for number in range(300)]
    Person(intake.origin, intake.card).submit_in_parts([picture(value) for value in values])
    full = after(
        "import resource, sys; sys.dont_write_bytecode = True; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    )
    ended = run("platform", "pull", "site", *filter(None, [afresh]), cwd=operator.folder, command=full)
    assert ended.code == 2, ended.said
    assert "old list stays" in ended.said
    assert _held(operator) == before
    operator("platform pull site")
    assert _held(operator) >= before | {*values}


def _held(operator: Operator) -> set[str]:
    with LocalList(Home(operator.folder / "site").list_file) as local:
        return {value.hex() for _, value, _ in local.rows()}
