"""An intake of revision 0002 whose lists were gamed: every case is kept, and every state follows from the facts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from takedown_cli.intake import running
from takedown_cli.intake.cases.participants import Keys
from takedown_cli.protocol.case_number import CaseNumber
from tests.intake.person import Person, Platform, balanced

FOLDER = Path(__file__).parent / "before_fair"


def test_after_an_upgrade_every_state_follows_from_the_facts(tmp_path: Path) -> None:
    answers = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))
    for path in sorted((FOLDER / "home").rglob("*")):
        place = tmp_path / "home" / path.relative_to(FOLDER / "home")
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.is_file():
            shutil.copyfile(path, place)
            place.chmod(0o600)
    with running(tmp_path / "home") as server:
        assert server.intake.check_integrity().wrong == ()

        def states(name: str) -> list[str]:
            person = Person(server.origin, server.card, CaseNumber.parse(answers["cases"][name]))
            return [item.state for item in person.status().items]

        changed = {"disputed by one that is gone": ["listed"], "gamer": ["held"]}
        assert {name: states(name) for name in answers["cases"]} == answers["statuses"] | changed
        reader = Platform(server.origin, Keys(answers["reader"]["id"], answers["reader"]["subscription"],
                                              answers["reader"]["endpoints"]))  # fmt: skip
        feed = {value: record["hashStatus"] for value, record in reader.pull().items()}
        gamed = {balanced("gamed"): "Withdrawn", balanced("half disputed"): "Active", balanced("own"): "Withdrawn"}
        assert feed == answers["feed"] | gamed
