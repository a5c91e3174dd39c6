"""Write the files that later versions must still read: run once, with the commands of the version that is to be kept.

``python -m tests.compatibility.make FOLDER --command "/old/.venv/bin/takedown"`` makes FOLDER. The media are made up,
and the keys and passphrases in it are for tests alone.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.client import hma_server
from tests.compatibility.onion import ORIGIN, leading_to

PORT = "28470"
SEED = "7"
PASSPHRASE = "for tests alone, and no secret"
#: A journal knows its files by their absolute paths, so the folder in which it was made is part of it.
PLACE = Path("/tmp/takedown-compatibility")
#: What one person hashes: small, and of four kinds.
PHOTOS = ("copies/smaller.jpg", "copies/half.jpg", "media/picture.avif", "copies/smaller.mp4")
DENIED = "copies/unrelated.jpg"
WHO = ("--age", "adult", "--for", "self", "--test", "--yes")
TIME = 1_750_000_000_000_000_000  # of change of every picture, in nanoseconds


@dataclass
class Old:
    """The commands of one version, in one folder."""

    command: list[str]
    folder: Path
    proxy: str = "http://127.0.0.1:9"

    def __call__(self, *arguments: str | Path, stdin: str = "", codes: tuple[int, ...] = (0,), **env: str) -> str:
        for _ in range(20):
            ended = subprocess.run(
                [*self.command, *map(str, arguments)],
                cwd=self.folder,
                env={**self._environment(), **({"TAKEDOWN_PROXY": self.proxy} if self.proxy else {}), **env},
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
            )
            if ended.returncode in codes:
                return ended.stdout
            if ended.returncode != 7:  # busy: asked again
                break
        raise SystemExit(f"{arguments}: {ended.returncode}\n{ended.stderr}")

    def json(self, *arguments: str | Path, stdin: str = "", codes: tuple[int, ...] = (0,), **env: str) -> Any:
        return json.loads(self(*arguments, "--json", stdin=stdin, codes=codes, **env))

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}

    @contextmanager
    def intake(self) -> Iterator[str]:
        """The intake in ``home``, served for as long as the block lasts; gives its address."""
        serving = subprocess.Popen(
            [*self.command, "intake", "serve", "home", "--port", PORT, "--log", "none"],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert serving.stdout is not None
        try:
            with leading_to(PORT) as self.proxy:
                yield serving.stdout.readline().strip()
        finally:
            serving.terminate()
            serving.wait()


def get_text(path: str, keys: dict[str, str]) -> str:
    with urlopen(Request(f"http://127.0.0.1:{PORT}{path}", headers=keys)) as answer:
        return str(answer.read().decode())


def get(path: str, keys: dict[str, str]) -> Any:
    return _ask(Request(f"http://127.0.0.1:{PORT}{path}", headers=keys))


def post(path: str, keys: dict[str, str], document: object) -> Any:
    body = json.dumps(document).encode()
    return _ask(Request(f"http://127.0.0.1:{PORT}{path}", body, {**keys, "Content-Type": "application/json"}))


def _ask(request: Request) -> Any:
    with urlopen(request) as answer:
        return json.load(answer)


def keys_of(participant: dict[str, Any], function: str) -> dict[str, str]:
    return {
        "x-functions-key": participant["function_keys"][function],
        "Ocp-Apim-Subscription-Key": participant["subscription_key"],
    }


def make(command: list[str], target: Path) -> None:
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir()
    old = Old(command, PLACE)
    answers: dict[str, Any] = {
        "made": datetime.now(UTC).date().isoformat(), "place": str(PLACE), "time": TIME,
        "passphrase": PASSPHRASE, "version": old("--version").strip(),
    }  # fmt: skip
    make_media(old, answers)
    make_bundles_and_journal(old, answers)
    make_receipt(old, answers)
    make_intake(old, answers)
    (PLACE / "answers.json").write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n")
    target.mkdir(parents=True, exist_ok=True)
    for name in ("photos", "callers", "home", "backup"):
        shutil.rmtree(target / name, ignore_errors=True)
        shutil.copytree(PLACE / name, target / name)
    for path in sorted(PLACE.iterdir()):
        if path.is_file():
            shutil.copyfile(path, target / path.name)


def make_media(old: Old, answers: dict[str, Any]) -> None:
    old("fixtures", "make", "library", "--seed", SEED)
    library = old.folder / "library"
    manifest = json.loads((library / "manifest.json").read_text())
    shutil.copyfile(library / "manifest.json", old.folder / "fixtures-manifest.json")
    (old.folder / "photos").mkdir()
    for name in PHOTOS:
        shutil.copyfile(library / name, old.folder / "photos" / Path(name).name)
    for number, name in enumerate(PHOTOS[:3], 1):
        (old.folder / "callers" / f"caller-{number}").mkdir(parents=True)
        shutil.copyfile(library / name, old.folder / "callers" / f"caller-{number}" / Path(name).name)
    shutil.copyfile(library / DENIED, old.folder / "denied.jpg")
    for path in old.folder.rglob("*"):
        if path.is_file():
            os.utime(path, ns=(TIME, TIME))
    [denied] = [file for file in manifest["files"] if file["file"] == DENIED]
    answers["denied"] = denied["pdq"][0]["value"]


def make_bundles_and_journal(old: Old, answers: dict[str, Any]) -> None:
    made = old.json(
        "hash", *(f"photos/{Path(name).name}" for name in PHOTOS[1:3]), "-o", "signed.tdb", *WHO, "--copies", "all"
    )
    answers["signed"] = {
        "case": made["case_number"],
        "inspect": old.json("inspect", "signed.tdb"),
        "csv": old("export", "signed.tdb", "--format", "csv", "-o", "-"),
    }
    number = made["case_number"]
    again = ("hash", "photos", "--resume", "cut.journal", "--case", "-", "--copies", "flips", "--workers", "1")
    report = old.json(*again, stdin=number)
    journal = old.folder / "cut.journal"
    journal.write_bytes(journal.read_bytes()[:-500])
    answers["journal"] = {"case": number, "report": report}


def make_intake(old: Old, answers: dict[str, Any]) -> None:
    home = old.folder / "home"
    old("intake", "init", "home", "--name", "Old intake", "--origin", ORIGIN, "--test")
    set_in(home, retention_days=20_000, proof_of_work='"never"')
    (home / "deny.txt").write_text(f"# a picture that is never listed\n{answers['denied']}\n")
    shutil.copyfile(home / "intake-card.json", old.folder / "intake-card.json")
    (old.folder / "passphrase.txt").write_text(PASSPHRASE + "\n")
    key = ("--key", "file:helpline.key", "--passphrase-file", "passphrase.txt")
    public = old.json("keys", "new", "file:helpline.key", "--passphrase-file", "passphrase.txt")["public_key"]
    old("keys", "rotate", "file:helpline.key", "--passphrase-file", "passphrase.txt", "--yes")
    answers["key"] = old.json("keys", "show", "file:helpline.key", "--passphrase-file", "passphrase.txt")
    public = answers["key"]["public_key"]
    old("intake", "organisation", "add", "home", "Old helpline", public, "--quota", "50")
    old("intake", "organisation", "add", "home", "Gone helpline", "11" * 32)
    old("intake", "organisation", "revoke", "home", "Gone helpline", "--yes")
    both = old.json("intake", "participant", "add", "home", "Platform A", "--submit")
    some = old.json("intake", "participant", "add", "home", "Platform B", "--list", "adult", "--copies", "flips",
                    "--confirmed")  # fmt: skip
    old("intake", "participant", "add", "home", "Platform C")
    old("intake", "participant", "revoke", "home", "Platform C", "--yes")
    answers["participants"] = {"A": both, "B": some}
    with old.intake() as address:
        answers["address"] = address
        make_cases(old, answers, address)
        make_ledger(old, answers, address, key)
        answer_as_platform(answers)
        old.json("batch", "status", "--ledger", "cases.ledger", *key)
    set_in(home, flood_per_hour=0)
    with old.intake():
        answers["cases"]["held"] = old.json("submit", "photos/half.jpg", *WHO, "--intake", address, "--copies", "none")[
            "case_number"
        ]
        token = old.json("intake", "metrics-token", "home")["token"]
        metrics = get_text("/metrics", {"Authorization": f"Bearer {token}"}).splitlines()
        answers["metrics"] = [line.split()[2] for line in metrics if line.startswith("# TYPE")]
        answers["feeds"] = {
            "A": get("/v1/FetchHashes?startTimestamp=10&pageSize=800", keys_of(both, "FetchHashes")),
            "B": get("/v1/FetchHashes?startTimestamp=10&pageSize=800", keys_of(some, "FetchHashes")),
        }
        answers["status"] = {
            name: old.json("status", "-", "--intake", address, stdin=number)
            for name, number in answers["cases"].items()
        }
        (old.folder / "callers.csv").write_text(manifest_of(3))
        # Nothing can be sent now: the third case is signed, written down, and waits in the ledger.
        with leading_to(PORT, busy=True) as old.proxy:
            run_batch(old, address, key, codes=(7,))
    set_in(home, flood_per_hour=500)
    ledger = ("--ledger", "cases.ledger", *key)
    old.json("batch", "status", "--offline", *ledger)  # what is new is shown first, once
    answers["ledger"] = {
        "status": old.json("batch", "status", "--offline", "--all", "--show-references", *ledger),
        "report": old.json("batch", "report", "--threshold", "1", *ledger),
    }
    answers["operator"] = {
        "review": old.json("intake", "review", "home"),
        "participants": old.json("intake", "participant", "list", "home"),
        "organisations": old.json("intake", "organisation", "list", "home"),
        "audit": old.json("intake", "participant", "audit", "home"),
        "verify": old.json("intake", "verify", "home"),
        "metrics_token": old.json("intake", "metrics-token", "home"),
    }
    old("intake", "backup", "home", "backup")


def make_cases(old: Old, answers: dict[str, Any], address: str) -> None:
    sent = ("--intake", address, *WHO)
    young = ("--intake", address, "--age", "under-18", "--for", "child", "--test", "--yes")

    def submit(*arguments: str) -> str:
        return str(old.json("submit", *arguments)["case_number"])

    cases = {
        "listed": submit("photos/smaller.jpg", "photos/smaller.mp4", *sent, "--copies", "flips,captions"),
        "under 18": submit("photos/half.jpg", *young, "--copies", "flips,crops"),
        "withdrawn": submit("photos/picture.avif", *sent, "--copies", "flips"),
    }
    old("withdraw", "-", "--yes", "--intake", address, stdin=cases["withdrawn"])
    old("withdraw", "-", "--copies", "captions", "--yes", "--intake", address, stdin=cases["listed"])
    card = ("--intake", address, "--intake-card", "intake-card.json")
    answers["sealed"] = old.json("hash", "photos/half.jpg", "-o", "sealed.tdb", *card, *WHO)["case_number"]
    answers["cases"] = cases


def manifest_of(callers: int) -> str:
    rows = [
        f"2026-{number},callers/caller-{number},adult,other,permission,flips,,de" for number in range(1, callers + 1)
    ]
    return "reference,source,age,for,authority,copies,intake,language\n" + "\n".join(rows) + "\n"


def run_batch(old: Old, address: str, key: tuple[str, ...], codes: tuple[int, ...] = (0,)) -> None:
    old("batch", "run", "callers.csv", "--ledger", "cases.ledger", *key, "--intake", address, "--test", "--yes",
        "--patience", "0", "--operator", "Kim", codes=codes)  # fmt: skip


def make_ledger(old: Old, answers: dict[str, Any], address: str, key: tuple[str, ...]) -> None:
    (old.folder / "callers.csv").write_text(manifest_of(2))
    run_batch(old, address, key)
    old("batch", "slips", "-o", "slips", "--format", "text", "--ledger", "cases.ledger", *key)
    slips = "".join(path.read_text() for path in sorted((old.folder / "slips").rglob("*")) if path.is_file())
    answers["slips"] = re.findall(r"(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}", slips)
    old("batch", "handover", "-o", "handover.json", "--operator", "Kim", "--ledger", "cases.ledger", *key)


def answer_as_platform(answers: dict[str, Any]) -> None:
    """One platform blocks a hash of the first case and lists one of its own; both have pulled."""
    both, some = answers["participants"]["A"], answers["participants"]["B"]
    records = get("/v1/FetchHashes?startTimestamp=10&pageSize=800", keys_of(both, "FetchHashes"))["hashRecords"]
    get("/v1/FetchHashes?startTimestamp=10&pageSize=800", keys_of(some, "FetchHashes"))
    active = next(each for each in records if each["hashStatus"] == "Active")
    said = {"hashValue": active["hashValue"], "feedbackValue": "Blocked", "tags": ["found"]}
    post("/v1/SubmitFeedback", keys_of(both, "SubmitFeedback"), {"count": 1, "hashFeedbacks": [said]})
    answers["blocked"] = active["hashValue"]


def make_receipt(old: Old, answers: dict[str, Any]) -> None:
    old.proxy = ""
    with hma_server.serving() as server:
        report = old.json("submit", "photos/smaller.jpg", "--to", server.to, "--receipt", "bank.receipt",
                          "--age", "adult", "--for", "self", "--yes", "--copies", "flips")  # fmt: skip
        answers["bank"] = {"origin": server.origin, "report": report, "entries": server.entries}


def set_in(home: Path, **values: object) -> None:
    path = home / "intake.toml"
    kept = [line for line in path.read_text().splitlines() if line.partition(" ")[0] not in values]
    path.write_text("\n".join([*kept, *(f"{name} = {value}" for name, value in values.items())]) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--command", default="takedown", help="the command of the version whose files are to be kept")
    given = parser.parse_args()
    make(shlex.split(given.command), given.folder.absolute())
