"""Every command with ``--json``, run for real: one object on stdout, as its published schema says, also on errors."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperCommand, TyperGroup

from docs.tools.schemas import documents
from takedown_cli import fixtures
from takedown_cli.cli.app import run as run_here
from takedown_cli.cli.typer_glue.group import load
from takedown_cli.cli.typer_glue.registry import ENTRIES
from tests.cli.documents import published, validator
from tests.cli.runner import COMMAND, Ended, environment, run, start
from tests.helpline.keys.cheap_keys import make_key
from tests.waiting import PATIENCE

DOCUMENTS = documents()


def _leaves(name: str, command: TyperCommand | TyperGroup) -> Iterator[str]:
    children = getattr(command, "commands", None)
    if children is None:
        yield name
    else:
        assert isinstance(children, dict)
        for child, inner in children.items():
            yield from _leaves(f"{name} {child}", inner)


#: Every command of the tree, such as ``intake participant add``.
COMMANDS = sorted(leaf for name in ENTRIES for leaf in _leaves(name, load(name)))


@dataclass
class World:
    """A folder with an intake that serves, pictures, a bundle, and a case."""

    folder: Path
    address: str = ""
    number: str = ""
    made: dict[str, Any] = field(default_factory=dict)

    def __call__(self, *arguments: str, stdin: str | None = None) -> Ended:
        data = None if stdin is None else stdin.encode()
        return run(*arguments, cwd=self.folder, stdin=data, env={"TAKEDOWN_INTAKE": self.address})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    here = World(tmp_path_factory.mktemp("world"))
    for name in ("photos", "more"):
        (here.folder / name).mkdir()
    fixtures.picture(1, (400, 300)).save(here.folder / "photos" / "one.png")
    fixtures.picture(2, (400, 300)).save(here.folder / "more" / "two.png")
    (here.folder / "callers" / "reference").mkdir(parents=True)
    fixtures.picture(3, (400, 300)).save(here.folder / "callers" / "reference" / "three.png")
    (here.folder / "photos" / "empty.jpg").touch()
    make_key(here.folder / "desk.key", here.folder / "passphrase")
    assert here("intake", "init", "home", "--name", "Example").code == 0
    assert here("hash", "photos", "-o", "case.tdb", "--age", "adult", "--for", "self", "-q").code == 3
    serving = subprocess.Popen(
        [*COMMAND, "intake", "serve", "home", "--port", "0", "--json"],
        cwd=here.folder, env=environment(here.folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert serving.stdout is not None
        here.made["intake serve"] = serving.stdout.readline()
        here.address = json.loads(here.made["intake serve"])["address"]
        sent = here("submit", "more", "--age", "adult", "--for", "self", "--yes", "--json")
        here.number = sent.document()["case_number"]
        keys = here("intake", "participant", "add", "home", "Site", "--json").document()
        (here.folder / "token").write_text(keys["feed_token"])
        yield here
    finally:
        serving.kill()
        serving.communicate()


@dataclass(frozen=True)
class Use:
    """One way to use a command: what is typed, the exit code, and the schema of what comes."""

    schema: str
    typed: str
    code: int = 0
    number: bool = False  # whether the case number comes on stdin


#: How the commands of a caseload name its ledger and its key.
OFFICE = "--ledger cases --key file:desk.key --passphrase-file passphrase"
#: At least one use of every command. A new command belongs here, with its result in ``cli/results``.
USES: dict[str, list[Use]] = {
    "hash": [
        Use("hash", "hash photos", 3),
        Use("hash", "hash photos -o new.tdb --age adult --for self --also phash", 3),
        Use("hash", "hash more --video vpdq"),
        Use("hash", "hash home/keys", 4),
    ],
    "inspect": [Use("inspect", "inspect case.tdb"), Use("inspect", "inspect case.tdb --hashes")],
    "check": [Use("check", "check case.tdb photos/one.png more --show-paths", 3)],
    "submit": [
        Use("submit", "submit case.tdb --yes"),
        Use("preview", "submit case.tdb --dry-run"),
        Use("preview", "submit photos --dry-run --age adult --for other --authority permission", 3),
    ],
    "hma submit": [Use("bank-preview", "hma submit case.tdb --to hma+http://127.0.0.1:9/NCII --dry-run")],
    "hma withdraw": [Use("error", "hma withdraw --receipt nowhere.jsonl", 2)],
    "status": [Use("status", "status -", number=True)],
    "withdraw": [Use("withdraw", "withdraw - --yes --file more/two.png", number=True)],
    "export": [Use("export", "export case.tdb --format csv -o hashes.csv")],
    "keys new": [Use("keys", "keys new file:office.key --passphrase-file passphrase")],
    "keys show": [Use("keys", "keys show file:office.key --passphrase-file passphrase")],
    "keys rotate": [Use("keys", "keys rotate file:office.key --passphrase-file passphrase")],
    "batch run": [
        Use("batch.run", f"batch run callers --yes --age adult --for self {OFFICE}"),
        Use("batch.plan", f"batch run callers --dry-run --age adult --for self {OFFICE}"),
        Use("batch.faults", f"batch run callers {OFFICE}", 2),
    ],
    "batch resume": [Use("batch.run", f"batch resume {OFFICE}")],
    "batch status": [Use("batch.status", f"batch status {OFFICE} --show-references")],
    "batch init": [
        Use("batch.init", f"batch init {OFFICE} --intake http://127.0.0.1:9 --name Example --contact 0800"),
    ],
    "batch template": [Use("batch.template", "batch template")],
    "batch slips": [Use("batch.slips", f"batch slips {OFFICE} -o slips")],
    "batch report": [Use("batch.report", f"batch report {OFFICE}")],
    "batch handover": [
        Use("batch.handover", f"batch handover {OFFICE} -o note.json"),
        Use("batch.verify", f"batch handover {OFFICE} --verify note.json"),
    ],
    "batch withdraw": [Use("batch.withdraw", f"batch withdraw {OFFICE} --item 1 --yes")],
    "batch forget": [Use("batch.forget", f"batch forget {OFFICE} --item 1 --yes")],
    "intake init": [Use("intake.init", "intake init another")],
    "intake upgrade": [Use("intake.upgrade", "intake upgrade another --dry-run")],
    "intake participant add": [Use("intake.participant", "intake participant add home Platform --submit")],
    "intake participant rotate": [Use("intake.participant", "intake participant rotate home Platform --yes")],
    "intake participant list": [Use("intake.participants", "intake participant list home")],
    "intake participant audit": [Use("intake.audit", "intake participant audit home")],
    "intake participant revoke": [Use("intake.revoked", "intake participant revoke home Platform --yes")],
    "intake organisation add": [Use("intake.organisation", f"intake organisation add home Helpline {'ab' * 32}")],
    "intake organisation list": [Use("intake.organisations", "intake organisation list home")],
    "intake organisation revoke": [Use("intake.revoked", "intake organisation revoke home Helpline")],
    "intake block": [Use("intake.block", "intake block home more/two.png --reason example --yes")],
    "intake unblock": [Use("intake.block", "intake unblock home more/two.png --yes")],
    "intake audit": [Use("intake.acts", "intake audit home")],
    "intake review": [Use("intake.review", "intake review home")],
    "intake backup": [Use("intake.backup", "intake backup home copy")],
    "intake restore": [Use("intake.restore", "intake restore copy restored")],
    "intake status": [Use("intake.status", "intake status home"), Use("intake.status", "intake status restored", 10)],
    "intake verify": [Use("intake.verify", "intake verify home")],
    "intake purge": [Use("intake.purge", "intake purge home")],
    "intake metrics-token": [Use("intake.metrics-token", "intake metrics-token home")],
    "platform join": [
        Use("platform.join", "platform join site --token-file token"),
        Use("error", "platform join site --token-file token", 2),
    ],
    "platform pull": [Use("platform.pull", "platform pull site")],
    "platform scan": [
        Use("platform.scan", "platform scan site more", 10),
        Use("error", "platform scan nowhere more", 2),
    ],
    "platform feedback": [
        Use("platform.feedback", "platform feedback site"),
        Use("error", "platform feedback site nowhere", 2),
    ],
    "fixtures make": [Use("fixtures", "fixtures make made --seed 3")],
    "fixtures verify": [Use("fixtures.comparison", "fixtures verify made")],
    "doctor": [
        Use("doctor", "doctor"),
        Use("doctor", "doctor --intake"),
        Use("privacy", "doctor --privacy"),
    ],
    "config show": [Use("config", "config show")],
    "config set": [Use("config.path", "config set workers 2")],
    "config unset": [Use("config.path", "config unset workers")],
    "config path": [Use("config.path", "config path")],
    "demo": [Use("demo", "demo")],
}  # fmt: skip
#: Commands that do not end by themselves; each is looked at in a test of its own.
SERVING = {"intake serve", "platform relay"}


def test_every_command_is_run_here() -> None:
    assert sorted({*USES, *SERVING}) == COMMANDS, "say in USES how the command is used, and what it prints"


def _stories() -> dict[str, list[Use]]:
    """Return the uses that build on each other: those with the same first word."""
    stories: dict[str, list[Use]] = {}
    for name, uses in USES.items():
        stories.setdefault(name.split()[0], []).extend(uses)
    return stories


@pytest.mark.parametrize("story", sorted(_stories()))
def test_the_objects_are_as_published(story: str, world: World) -> None:
    for use in _stories()[story]:
        ended = world(*use.typed.split(), "--json", stdin=world.number if use.number else None)
        assert ended.code == use.code, f"{use.typed}: {ended.said}"
        assert published(ended.out)["schema"] == f"takedown.{use.schema}", use.typed


def test_a_serving_command_says_one_object(world: World) -> None:
    assert published(world.made["intake serve"])["schema"] == "takedown.intake.serve"


def test_lines_are_as_published(world: World) -> None:
    *files, last = world("hash", "photos", "--jsonl").out.splitlines()
    assert len(files) == 2
    for line in files:
        validator("takedown.hash.file.v1").validate(json.loads(line))
    assert published(last)["summary"]["files"] == 2


def test_progress_is_as_published(world: World) -> None:
    for command in ("hash photos", "submit photos --dry-run", "check case.tdb photos/one.png"):
        ended = world(*command.split(), "--progress=json", "--quiet")
        lines = [line for line in ended.err.splitlines() if line.startswith(b"{")]
        assert published(lines[-1])["schema"] == "takedown.progress"
        assert world(*command.split(), "--progress=fancy").code == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_misuse_is_one_object(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here([*command.split(), "--json", "--no-such-option"]) == 2
    document = published(capsys.readouterr().out)
    assert (document["schema"], document["id"], document["exit_code"]) == ("takedown.error", "usage", 2)


#: What is needed so that a command gets as far as it can without anybody to ask.
BARE = {
    "hash": "hash photos -o bare.tdb",
    "submit": "submit photos --intake http://127.0.0.1:9",
    "status": "status --intake http://127.0.0.1:9",
    "withdraw": "withdraw --intake http://127.0.0.1:9",
}


@pytest.mark.parametrize("command", sorted({*COMMANDS} - {"demo", "doctor", "config show"}))
def test_nothing_waits_for_somebody_who_is_not_there(command: str, world: World) -> None:
    """Standard input is open and silent, as in a job that forgot to close it."""
    silent, kept_open = os.pipe()
    process = start(*BARE.get(command, command).split(), "--json", "--no-input", cwd=world.folder, stdin=silent)
    try:
        out, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        os.close(silent)
        os.close(kept_open)
    document = published(out)
    assert process.returncode in {0, 2, 3, 4, 8}
    if document["schema"] == "takedown.error":
        assert document["exit_code"] == process.returncode
