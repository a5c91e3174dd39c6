"""Writes ``before_fair``: an intake of revision 0002 whose lists were gamed. Run it with the version of that time only.

``python -m tests.compatibility.make_game tests/compatibility/before_fair``
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from takedown_cli.intake import running
from takedown_cli.intake.cases import organisations, participants
from takedown_cli.intake.cases.participants import SCOPES
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.bundle.document import Bundle, Item
from takedown_cli.protocol.wire import encode
from tests.intake.person import HTTP, Person, Platform, balanced, picture


def main(folder: Path) -> None:
    """Make the intake in ``folder / "home"``, and ``answers.json`` with the case numbers and keys that open it."""
    home = Home(folder / "home")
    make_intake(home, Settings(name="Old intake", test=True, items_per_submission=2))
    cases: dict[str, Person] = {}
    with running(home.path) as server:
        first, second, gone, reader = (
            Platform(server.origin, server.add_participant(name, scopes=SCOPES))
            for name in ("First", "Second", "Gone", "Reader")
        )

        def person(name: str, *items: Item, key: Ed25519PrivateKey | None = None) -> None:
            cases[name] = Person(server.origin, server.card)
            bundle = cases[name].bundle(*items)
            signed = envelope.sign(Bundle.TYPE, encode(bundle), cases[name].number.signing_key())
            if key is not None:
                signed = envelope.countersign(signed, Bundle.TYPE, key)
            cases[name].post("submit", cases[name].sealed(signed, "bundle")).raise_for_status()

        helpline, lost = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        for name, key in (("Helpline", helpline), ("Lost helpline", lost)):
            public = key.public_key().public_bytes_raw()
            server.intake.operate(partial(organisations.add_organisation, name=name, key=public, quota=9))
        person("plain", picture(balanced("plain")))
        person("disputed", picture(balanced("gamed")), picture(balanced("disputed")))
        for platform in (first, second):
            platform.pull()
            platform.say(balanced("gamed"), "NotBlocked")
            platform.say(balanced("disputed"), "NotBlocked")
        person("gamer", picture(balanced("gamed")))
        person("disputed by one that is gone", picture(balanced("half disputed")))
        for platform in (first, gone):
            platform.say(balanced("half disputed"), "NotBlocked")
        person("vouched", picture(balanced("vouched")), key=helpline)
        person("vouched by one that is gone", picture(balanced("lost")), key=lost)
        person("held", *(picture(balanced(("held", n))) for n in range(3)))
        person("withdrawn", picture(balanced("withdrawn")))
        cases["withdrawn"].withdraw()
        record = {"lastModtimestamp": 1, "signalType": "ImagePDQ", "hashValue": balanced("own"), "CSPFeedbacks": []}
        body = {"count": 1, "hashRecords": [record]}
        HTTP.post(f"{server.origin}/v1/SubmitHashes", json=body, headers=gone.headers("submit")).raise_for_status()
        server.intake.operate(partial(participants.revoke_participant, name="Gone"))
        server.intake.operate(partial(organisations.revoke_organisation, name="Lost helpline"))
        feed = {value: record["hashStatus"] for value, record in reader.pull().items()}
        statuses = {name: [one.state for one in person.status().items] for name, person in cases.items()}
    answers = {
        "cases": {name: person.number.symbols for name, person in cases.items()},
        "reader": {"id": reader.keys.participant_id, "subscription": reader.keys.subscription,
                   "endpoints": reader.keys.endpoints},
        "feed": feed,
        "statuses": statuses,
    }  # fmt: skip
    (folder / "answers.json").write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
