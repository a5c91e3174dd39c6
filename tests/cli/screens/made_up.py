"""Made-up results of the main commands, shown as the commands show them. Nothing in them depends on the day."""

from __future__ import annotations

import io
from collections import Counter
from contextlib import suppress
from typing import Literal
from unittest.mock import patch

from takedown_cli.cli.failure import report_failure
from takedown_cli.cli.results.batch.run import BatchGrownRow, BatchProblemRow, BatchRunReport
from takedown_cli.cli.results.batch.states import StateName
from takedown_cli.cli.results.batch.status import BatchCaseRow, BatchStatusReport
from takedown_cli.cli.results.case import (
    AnswerRow,
    CaseItemRow,
    ReceiptRow,
    StatusReport,
    SubmitReport,
    preview_of_items,
)
from takedown_cli.cli.results.check import AgainstRow, CheckReport, CopyRow, MatchRow, ReadingRow
from takedown_cli.cli.results.hash_report import summary_lines
from takedown_cli.cli.results.inspect import AudienceRow, DeclarationRow, InspectReport, ItemRow, TotalsRow
from takedown_cli.cli.results.intake import ParticipantRow, ParticipantsReport
from takedown_cli.cli.terminal import prompts
from takedown_cli.cli.terminal.case_number import show_case_number
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.waiting import WaitingLines
from takedown_cli.client.waiting import Notice
from takedown_cli.core.errors import (
    CaseNumberError,
    DeclinedError,
    NoIntakeError,
    TakedownError,
    UnreachableError,
    UntrustedIntakeError,
)
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.pipeline import Tally
from takedown_cli.helpline.case import PlatformAnswer
from takedown_cli.protocol.addresses import IntakeAddress
from tests.protocol.bundle.factory import DECLARATION, item, pdq

ADDRESS = IntakeAddress.parse(f"https://intake.helpline.example#{'0123456789' * 4}")
NUMBER = "7K3M-9QWX-AAAA-BBBB-CCCC-DDDD"
LONG_NAME = "An Example Platform With a Long Name for Pictures and Videos"


def preview() -> None:
    items = [item(pdq("a"), pdq("b", variant="flipx"), pdq("c", variant="crop:left:6")), item(pdq("d"))]
    for note in preview_of_items(ADDRESS, items, DECLARATION).notes():
        console.say(note)
    with suppress(DeclinedError), patch("sys.stdin", io.StringIO()):
        prompts.ask("Send this?")


def receipt() -> None:
    show_case_number(NUMBER)
    command = f"takedown status - --intake {ADDRESS}"
    received = ReceiptRow(day="2026-03-04", expires="2027-03-04")
    console.show(SubmitReport(destination=ADDRESS.origin, case_number=NUMBER, receipt=received, status_command=command))


def _picture(
    number: int,
    *answers: AnswerRow,
    state: Literal["listed", "held", "withdrawn"] = "listed",
    media: Literal["image", "video"] = "image",
) -> CaseItemRow:
    return {
        "number": number, "media": media, "age": "adult", "state": state, "standing": "provisional",
        "fingerprints": 8, "platforms": list(answers),
    }  # fmt: skip


def quiet_case() -> None:
    console.show(StatusReport(received="2026-03-04", expires="2027-03-04", items=[_picture(n) for n in (1, 2, 3)]))


def busy_case() -> None:
    said: list[AnswerRow] = [
        {"platform": "Plat A", "state": "blocked", "day": "2026-03-05"},
        {"platform": LONG_NAME, "state": "not-blocked", "day": "2026-03-06"},
        {"platform": "Plat C", "state": "seen", "day": "2026-03-05"},
    ]
    items = [
        _picture(1, *said), _picture(2, *said), _picture(3, said[2]), _picture(4, state="withdrawn"),
        _picture(5, state="held", media="video"),
    ]  # fmt: skip
    console.show(StatusReport(received="2026-03-04", expires="2027-03-04", items=items))


def _copy(number: int, distance: int, variant: str = "upright", *, readings: tuple[int, int] | None = None) -> CopyRow:
    bits = readings or (distance, distance)
    rows = [
        ReadingRow(kind="pdq", method=method, caught=each <= 31, distance=each)
        for method, each in zip(("full", "512nn"), bits, strict=True)
    ]
    return CopyRow(
        number=number, media="image", caught=min(bits) <= 31, everywhere=max(bits) <= 31, distance=distance,
        match=MatchRow(item=number, media="image", kind="pdq", method="full", variant=variant), readings=rows,
    )  # fmt: skip


def _check(*copies: CopyRow) -> None:
    against = AgainstRow(source="originals", items=4, fingerprints=34, unusable=1)
    console.say(against.introduce())
    for copy in copies:
        console.show_line(copy.sentence())
    console.show(CheckReport.of_copies(against, list(copies)))


def one_copy() -> None:
    _check(_copy(1, 4, readings=(4, 33)))


def several_copies() -> None:
    video = CopyRow(
        number=4, media="video", caught=True, everywhere=True, distance=0, readings=[], frames=9, frames_caught=9,
        match=MatchRow(item=2, media="video", kind="md5"),
    )  # fmt: skip
    damaged = CopyRow(
        number=5, media="image", caught=None, everywhere=None, distance=None, match=None, readings=[],
        reason="damaged", detail="The file is damaged.",
    )  # fmt: skip
    _check(_copy(1, 4), _copy(2, 27, "crop:left:6", readings=(27, 33)), _copy(3, 98), video, damaged)


def hash_summary() -> None:
    reasons = {
        Reason.NOT_MEDIA: 3, Reason.DUPLICATE: 1, Reason.DAMAGED: 1, Reason.UNSUPPORTED: 2, Reason.LOW_QUALITY: 1,
        Reason.TRUNCATED: 1,
    }  # fmt: skip
    tally = Tally(hashed=20, partial=1, skipped=6, failed=1, weak=1, screens=2, inside=2, reasons=Counter(reasons))
    for line in summary_lines(tally, 12.34):
        console.say(line)


def inspection() -> None:
    console.show(
        InspectReport(
            bytes=4096, sha256="0" * 64, sealed=False, valid=True, test=False, created="2026-03-04", adds=False,
            audience=AudienceRow(origin=ADDRESS.origin, key_id=str(ADDRESS.pin)),
            declaration=DeclarationRow(behalf="other", authority="permission"), countersignatures=1,
            items=[ItemRow(number=1, media="image", age="adult", fingerprints=34)],
            totals=TotalsRow(
                items=1, fingerprints=34, by_media={"image": 1}, by_age={"adult": 1},
                by_kind={"pdq/full/upright": 2, "pdq/full/flipx": 32},
            ),
        )
    )  # fmt: skip


def batch_run() -> None:
    problems = [
        BatchProblemRow(item=3, state="nothing", sentence=None, unprotected=2, reasons={"damaged": 2}),
        BatchProblemRow(
            item=7, state="refused", sentence="No hash in the bundle is good enough for platforms to match.",
            unprotected=0, reasons={},
        ),
    ]  # fmt: skip
    console.show(
        BatchRunReport(
            callers=9, cases=7, states={"sent": 7, "nothing": 1, "refused": 1}, items_sent=41, found_twice=2,
            unprotected=2, worked_on=9, elsewhere=1, problems=problems,
            grown=[BatchGrownRow(row=12, item=2, files=3)],
        )
    )  # fmt: skip


def _case(number: int, state: StateName, *answers: PlatformAnswer, sentence: str | None = None) -> BatchCaseRow:
    return BatchCaseRow(
        item=number, changed=True, leaving=False, state=state, items=12, unprotected=number % 2, sentence=sentence,
        sent="2026-03-04" if state == "sent" else None, expires=None, answers=list(answers),
    )  # fmt: skip


def batch_status() -> None:
    rows = [
        _case(2, "sent", PlatformAnswer("Plat A", "blocked", 3, "2026-03-05"),
            PlatformAnswer(LONG_NAME, "under-review", 9, "2026-03-06")),
        _case(17, "refused", sentence="No hash in the bundle is good enough for platforms to match."),
        _case(1204, "waiting"),
    ]  # fmt: skip
    states = {"sent": 1, "waiting": 1, "refused": 1}
    report = BatchStatusReport(asked=2, complete=True, states=states, cases=rows, without_slip=1)
    console.show(report)
    for line in report.summary():
        console.say(line)


def participants() -> None:
    rows = [
        ParticipantRow(
            name=name, lists=lists, media=["image", "video"], copies=copies, confirmed=not lists[1:],
            since="2026-03-04", revoked=revoked,
        )
        for name, lists, copies, revoked in (
            ("Plat A", ["adult", "under-18"], ["all"], None),
            (LONG_NAME, ["adult"], ["flips", "screens", "frames"], None),
            ("Plat C", ["adult", "under-18"], [], "2026-03-09"),
        )
    ]  # fmt: skip
    console.show(ParticipantsReport(participants=rows))


def errors() -> None:
    shown: tuple[TakedownError, ...] = (
        UnreachableError(
            "intake.helpline.example accepted the connection, but did not answer within 45 seconds.",
            hint="Try again later. Nothing was hashed. To hash now and send later, run:\n"
            "  takedown hash PATH -o case.tdb\n  takedown submit case.tdb",
        ),
        UntrustedIntakeError(),
        NoIntakeError(),
        CaseNumberError(),
    )
    for error in shown:
        report_failure(error, [])
        console.say()


def waiting() -> None:
    for notice in (
        Notice("intake.helpline.example", 1, 4, 2.0, 45.0),
        Notice("intake.helpline.example", 1, 4, 2.0, 45.0, 3.0),
        Notice("intake.helpline.example", 2, 4, 12.0, 45.0),
    ):
        WaitingLines("auto").show(notice)
