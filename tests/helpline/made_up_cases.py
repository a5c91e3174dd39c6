"""A made-up caseload as the ledger would give it: any number of cases, the same for the same seed."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from takedown_cli.helpline.case import CaseState, PlatformAnswer
from takedown_cli.helpline.ledger.entry import Entry

PLATFORMS = ("Example Platform", "Another Platform", "Third & Sons <Social>", "Small Site")


def case(
    place: int, *, state: CaseState = CaseState.SENT, answers: tuple[PlatformAnswer, ...] = (), **changes: Any
) -> Entry:
    values: dict[str, Any] = {
        "item": place, "reference": f"R{place}", "row": 1, "source": "", "copies": ["flips"], "ready_made": False,
        "test": False, "number": None, "finished": state is not CaseState.WAITING,
        "pending": ["a bundle"] if state is CaseState.READY else [], "acknowledged": int(state is CaseState.SENT),
        "verdict": None if state in {CaseState.WAITING, CaseState.READY, CaseState.SENT} else state,
        "answers": {f"{each.state} {each.platform}": [each.items, each.day] for each in answers},
        "age": "under-18", "behalf": "other",
        "authority": "permission", "language": "en", "intake": "https://intake.example", "items": 3,
        "sent": "2026-03-01", "expires": "2028-02-29",
    }  # fmt: skip
    made = Entry(**(values | changes))
    assert made.state is state
    return made


def caseload(cases: int, seed: int = 1) -> list[Entry]:
    random = Random(seed)
    found = []
    for number in range(cases):
        day = date(2025, 9, 3) + timedelta(days=int(random.betavariate(2.2, 1.4) * 260))
        state = random.choices(list(CaseState), (3, 1, 88, 4, 2, 1, 2))[0]
        behalf, authority = random.choices(
            [("other", "permission"), ("child", "parent-or-guardian"), ("self", None), ("other", "law")],
            (60, 25, 12, 3),
        )[0]
        reached = state in {CaseState.SENT, CaseState.WITHDRAWN}
        found.append(
            case(
                number, state=state, sent=day.isoformat() if reached else None, behalf=behalf, authority=authority,
                age=random.choices(["under-18", "adult", "unsure"], (50, 45, 5))[0],
                language=random.choices(["en", "de", "uk", "tr", "ar"], (60, 25, 8, 6, 1))[0],
                items=random.randint(1, 40) if reached else 0,
                answers=_answers(random, day) if reached else (),
            )
        )  # fmt: skip
    return found


def _answers(random: Random, day: date) -> tuple[PlatformAnswer, ...]:
    answers = []
    for platform, often in zip(PLATFORMS, (0.9, 0.7, 0.5, 0.02), strict=True):
        if random.random() < often:
            for state in random.sample(["seen", "under-review", "blocked", "not-blocked"], random.randint(1, 2)):
                later = day + timedelta(days=int(random.expovariate(0.2)))
                answers.append(PlatformAnswer(platform, state, random.randint(1, 9), later.isoformat()))  # type: ignore[arg-type]
    return tuple(answers)
