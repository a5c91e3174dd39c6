"""The whole loop on this machine: a person, an intake and a platform, each doing its real work over loopback.

Every step really happens, by the same code that a person, a helpline and a platform's client use.
"""

from __future__ import annotations

import http.client
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from takedown_cli import intake
from takedown_cli.api import Bundle, Intake, hash_paths
from takedown_cli.core.errors import NothingToDoError
from takedown_cli.core.model import MATCH_DISTANCE, MIN_QUALITY, Hashed, Media, Outcome, Recipe
from takedown_cli.hashing.matching import distance
from takedown_cli.hashing.pipeline import Tally
from takedown_cli.intake.page import page_files
from takedown_cli.protocol.addresses import IntakeAddress

if TYPE_CHECKING:
    from takedown_cli.intake.cases.participants import Keys
    from takedown_cli.protocol.wire import CaseStatus

PLATFORM: Final = "Example Platform"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a stable id, a sentence for a newcomer, and the facts for scripts."""

    id: str
    sentence: str
    facts: dict[str, object] = field(default_factory=dict)


def run(pictures: Path | None = None) -> Iterator[Step]:
    """Play the loop with made-up media, or with the files in ``pictures``; yield each step as it happens.

    The intake waits until the next step is asked for, so its page can be used after the step ``page``.
    Raise NothingToDoError when nothing in ``pictures`` can be protected, MissingExtraError without an intake.
    """
    with tempfile.TemporaryDirectory(prefix="takedown-demo-") as name:
        workshop = Path(name)
        source = pictures
        if source is None:
            source = workshop / "pictures"
            yield _make_media(source)
        with intake.running(workshop / "intake", name="Demonstration intake", test=True) as server:
            platform = Platform(server.origin, server.add_participant(PLATFORM))
            yield Step(
                "intake", "A helpline's intake starts on this computer, and one platform subscribes to its list."
            )
            with Intake(server.address) as client:
                yield from _play_steps(source, workshop, client, platform, IntakeAddress.parse(server.address))
    yield Step("clean", "The intake stops. Everything that this demonstration made is deleted.")


def _make_media(folder: Path) -> Step:
    from takedown_cli import fixtures

    folder.mkdir()
    fixtures.picture(1, (1600, 1200)).save(folder / "one.jpg", quality=90)
    fixtures.picture(2, (1200, 1600)).save(folder / "two.png")
    fixtures.picture(3, (900, 900)).save(folder / "three.webp", quality=90)
    fixtures.clip(folder / "clip.mp4", 4, seconds=4.0)
    return Step("make", "Three pictures and a clip are made up: coloured textures without any people.")


def _play_steps(
    source: Path, workshop: Path, client: Intake, platform: Platform, address: IntakeAddress
) -> Iterator[Step]:
    with hash_paths(source) as outcomes:
        results = list(outcomes)
    yield _describe_hashing(results)
    bundle = Bundle.make(results, card=client.card(), test=True)
    case = bundle.case
    assert case is not None  # it was drawn for this bundle
    yield _preview(bundle, sum(len(o.fingerprints) for o in results if isinstance(o, Hashed)))
    receipt = client.submit(bundle)
    yield Step(
        "submit",
        f"The sealed bundle is sent, and the person notes the case number: {case}",
        {"case_number": str(case), "day": receipt.day},
    )
    again = client.submit(bundle)
    yield Step("again", "Sending it a second time makes no second case.", {"same_receipt": again == receipt})
    yield platform.pull()
    blocked, step = platform.meet_copy(results, workshop)
    yield step
    yield platform.report(blocked)
    yield _describe_status("status", "The person asks what happened", client.status(case))
    yield _offer_page(address)
    yield _describe_status("withdraw", "The person withdraws the case", client.withdraw(case))
    yield platform.pull_withdrawn()


def _describe_hashing(results: list[Outcome]) -> Step:
    tally = Tally()
    for outcome in results:
        tally.add(outcome)
    count = sum(len(o.fingerprints) for o in results if isinstance(o, Hashed))
    return Step(
        "hash",
        f"{tally.hashed + tally.partial} of {tally.files} files are hashed on this computer: {count} fingerprints. "
        "They are hashes of the pictures, of turned and mirrored copies, and of frames of videos, and checksums.",
        {"files": tally.files, "hashed": tally.hashed, "fingerprints": count},
    )


def _preview(bundle: Bundle, made: int) -> Step:
    """Describe what would leave, of ``made`` fingerprints."""
    count, size = sum(len(item.fingerprints) for item in bundle.items), len(bundle.data)
    fewer = f" The other {made - count} stay here: checksums, which identify a file and no changed copy of it."
    sentence = (
        f"What would leave: {count} hashes of {len(bundle.items)} items (pictures and videos), signed by the case, "
        f"sealed for the intake, {size:,} bytes. No picture, no file name.{fewer if made > count else ''}"
    )
    return Step("preview", sentence, {"items": len(bundle.items), "hashes": count, "bytes": size})


def _describe_status(step: str, beginning: str, status: CaseStatus) -> Step:
    states: Counter[str] = Counter(item.state for item in status.items)
    answers: Counter[str] = Counter(a.state for item in status.items for a in item.platforms if a.platform == PLATFORM)
    said = f"; {PLATFORM}: {_list_counts(answers)}" if answers else ""
    sentence = f"{beginning}: {_list_counts(states)}{said}."
    return Step(step, sentence, {"states": dict(states), "answers": dict(answers)})


def _offer_page(address: IntakeAddress) -> Step:
    """Name the page for callers, which can be used until the next step is asked for."""
    if not page_files():
        return Step(
            "page", "The intake's page for callers, which shows the same, is not built here: 'make web' builds it."
        )
    page = address.page_for_callers
    return Step("page", f"A caller sees the same in a browser, with the case number: {page}", {"page": page})


def _list_counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counter.items())) or "nothing"


class Platform:
    """A platform's side, over the interface that existing clients speak: pull the list, match, report.

    ``keys`` are from the intake, for the StopNCII-shaped feed. The platform receives files as usual: re-encoded.
    """

    def __init__(self, origin: str, keys: Keys) -> None:
        self._host = urlsplit(origin).netloc
        self._keys = keys
        self._listed: list[str] = []

    def _exchange(self, method: str, path: str, endpoint: str, body: object = None) -> dict[str, object]:
        headers = {
            "x-functions-key": self._keys.endpoints[endpoint],
            "Ocp-Apim-Subscription-Key": self._keys.subscription,
            "content-type": "application/json",
        }
        connection = http.client.HTTPConnection(self._host, timeout=30)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer: dict[str, object] = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()

    def _fetch_records(self) -> list[dict[str, object]]:
        records: list[dict[str, object]] = []
        token = ""
        while True:
            page = self._exchange("GET", f"/v1/FetchHashes?startTimestamp=0&pageSize=800{token}", "fetch")
            found = page["hashRecords"]
            assert isinstance(found, list)
            records += found
            if not page["hasMoreRecords"]:
                return records
            token = f"&nextPageToken={page['nextPageToken']}"

    def pull(self) -> Step:
        """Fetch the list, and keep the hashes that are active."""
        active = [record for record in self._fetch_records() if record["hashStatus"] == "Active"]
        self._listed = [str(record["hashValue"]) for record in active if record["signalType"] == "ImagePDQ"]
        return Step("pull", f"{PLATFORM} pulls the list: {len(active)} active hashes.", {"active": len(active)})

    def meet_copy(self, originals: list[Outcome], workshop: Path) -> tuple[list[str], Step]:
        """Upload a smaller, re-encoded copy; return the listed hashes that it matches."""
        from takedown_cli import fixtures

        picture = next((o for o in originals if isinstance(o, Hashed) and o.media is Media.IMAGE and not o.weak), None)
        if picture is None:
            raise NothingToDoError("The demonstration needs at least one picture that can be protected.")
        upload = workshop / "upload"
        upload.mkdir()
        fixtures.reencode(picture.path, upload / "upload.jpg")
        with hash_paths(upload, Recipe(copies=frozenset())) as outcomes:
            copy = next(outcomes)
        assert isinstance(copy, Hashed)
        shutil.rmtree(upload)
        usable = [
            f for f in copy.fingerprints if f.kind == "pdq" and f.method == "full" and (f.quality or 0) >= MIN_QUALITY
        ]
        near = {value: distance(f.value, value) for f in usable for value in self._listed}
        matched = [value for value, bits in near.items() if bits <= MATCH_DISTANCE]
        closest = min(near.values(), default=256)
        sentence = (
            f"A smaller, re-encoded copy is uploaded there. Its hash differs from a listed one in {closest} of 256 "
            f"bits ({MATCH_DISTANCE} or fewer is a match)."
        )
        return matched, Step("match", sentence, {"matched": bool(matched), "distance": closest})

    def report(self, values: list[str]) -> Step:
        """Send the intake the decision about these hashes."""
        answers = [{"hashValue": value, "feedbackValue": "Blocked", "tags": []} for value in values]
        self._exchange("POST", "/v1/SubmitFeedback", "feedback", {"count": len(answers), "hashFeedbacks": answers})
        return Step(
            "feedback", f"{PLATFORM} blocks the copy and says so.", {"feedback": "Blocked", "hashes": len(answers)}
        )

    def pull_withdrawn(self) -> Step:
        """Fetch the list again after a withdrawal."""
        states = [record["hashStatus"] for record in self._fetch_records()]
        active, withdrawn = states.count("Active"), states.count("Withdrawn")
        sentence = f"{PLATFORM} pulls the list again: {active} active, {withdrawn} withdrawn."
        return Step("pull-again", sentence, {"active": active, "withdrawn": withdrawn})
