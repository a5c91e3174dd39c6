"""What ``takedown doctor``, ``config show`` and ``demo`` found: about this installation, not about a case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Final

from takedown_cli.cli.results.result import ABSENT, Result, Row
from takedown_cli.cli.terminal.console import console, sanitise, shown_path
from takedown_cli.core.what_is_read import ReadRow
from takedown_cli.hashing.formats import FormatRow
from takedown_cli.locale.filled import filled

_LEVELS: Final = {
    "full": "full: a hostile picture that takes over its decoder reaches nothing",
    "partial": "partial: a hostile picture that takes over its decoder reaches a little",
    "process-only": "process only: a crash costs one picture; a take-over is not stopped",
    "none": "none: decoding cannot be started on this machine",
}
_SOURCES: Final = {"flag": "option", "environment": "environment", "file": "settings file", "default": "default"}


class AttemptRow(Row):
    """What a hijacked decoder would try, really tried; ``blocked`` is null where the system has no such thing."""

    what: str
    blocked: bool | None


class SandboxRow(Row):
    """``level`` is full, partial, process-only or none; the rest are phrases for a person."""

    level: str
    holds: list[str]
    lacks: list[str]
    attempts: list[AttemptRow]


class IntakeRow(Row):
    """Only with ``--intake``: whether the configured intake answered and proved its identity."""

    reachable: bool
    detail: str


class DoctorReport(Result, schema="takedown.doctor"):
    """``takedown doctor --json``."""

    takedown: str
    python: str
    system: str
    formats: list[FormatRow]
    read: list[ReadRow]
    libraries: dict[str, str | None]
    sandbox: SandboxRow
    intake: IntakeRow | None

    def lines(self) -> Iterator[str]:
        yield f"takedown {self.takedown}, Python {self.python}, {self.system}"
        yield f"\nProtection: {_LEVELS[self.sandbox.level]}"
        for attempt in self.sandbox.attempts:
            word = {True: "blocked", False: "POSSIBLE", None: "no such thing here"}[attempt.blocked]
            yield f"  {word:<8}  {attempt.what}"
        yield from (f"  missing   {text}" for text in self.sandbox.lacks)
        for media, title in (("image", "Pictures"), ("video", "Videos"), ("video codec", "Video codecs")):
            yield f"\n{title}:"
            for row in self.formats:
                if row.media == media:
                    yield f"  {'yes' if row.readable else 'NO':<3}  {row.format:<14}  {row.library}"
        yield "\nWhat is read of which file:"
        for each in self.read:
            yield f"  {each.sentence()}"
        yield "\nLibraries:"
        yield "  " + ", ".join(f"{name} {version or 'missing'}" for name, version in self.libraries.items())
        if self.intake is not None:
            yield ""
            yield filled("Intake: {detail}", detail=filled(self.intake.detail))


class SettingRow(Row):
    """One setting; ``source`` is flag, environment, file or default."""

    name: str
    value: str | None
    source: str
    meaning: str
    variable: str


class ConfigReport(Result, schema="takedown.config"):
    """``takedown config show --json``."""

    file: str | None
    settings: list[SettingRow]

    def lines(self) -> Iterator[str]:
        yield f"Settings file: {'none on this computer' if self.file is None else shown_path(self.file)}"
        for row in self.settings:
            value = "not set" if row.value is None else sanitise(row.value)
            yield f"\n{row.name}: {value}  ({_SOURCES[row.source]})\n  {row.meaning}\n  {row.variable}"


class ConfigPathReport(Result, schema="takedown.config.path"):
    """``takedown config set``, ``unset`` and ``path`` with ``--json``: the settings file, and the changed setting."""

    file: str
    changed: str | None

    def lines(self) -> Iterator[str]:
        yield shown_path(self.file)

    def notes(self) -> Iterator[str]:
        if self.changed is not None:
            yield f"The setting '{self.changed}' is changed. To see all of them, run:\n  takedown config show"


class DemoStepRow(Row):
    """One step by its ``id``, with the facts that belong to it."""

    id: str
    files: int = ABSENT
    hashed: int = ABSENT
    fingerprints: int = ABSENT
    items: int = ABSENT
    hashes: int = ABSENT
    bytes: int = ABSENT
    case_number: str = ABSENT
    day: str = ABSENT
    same_receipt: bool = ABSENT
    active: int = ABSENT
    withdrawn: int = ABSENT
    matched: bool = ABSENT
    distance: int = ABSENT
    feedback: str = ABSENT
    states: dict[str, int] = ABSENT
    answers: dict[str, int] = ABSENT
    page: str = ABSENT


class DemoReport(Result, schema="takedown.demo"):
    """``takedown demo --json``: what happened, step by step. The case number is of made-up pictures."""

    steps: list[DemoStepRow]


#: What remains on the computer after using takedown, for a person who may be watched: title → text.
#: It never advises to wipe a history, because a sudden gap can put a watched person in danger.
PARAGRAPHS: Final = {
    "What takedown leaves": (
        "Only what you ask for: a bundle when you give -o. On Linux and macOS your account alone can read it; on "
        "Windows everyone who may read its folder, so keep it below your own user folder. No log, no temporary "
        "file, no cache, no list of what was hashed. The case number is shown once and stored nowhere."
    ),
    "What your shell leaves": (
        "The command you typed, with the folders you named, is in the history of your shell, and its output is in the "
        "window until you close it. Many shells do not remember a command that starts with a space. If you are inside "
        "the folder, type '.' instead of its name. Close the window when you are done."
    ),
    "What the system leaves": (
        "File managers and photo programs keep lists of recent files. Thumbnails and backups of a deleted picture can "
        "remain. The bundle file is listed as a recent file if you open it. takedown causes none of this."
    ),
    "What the network sees": (
        "Hashing and inspecting use no network at all. Sending a case and asking about it contact only the intake: "
        "your network provider and the name server can see its address and the time, but not the content. "
        "--proxy socks5h://127.0.0.1:9050 goes through Tor if Tor is running."
    ),
    "The case number": (
        "Anyone who has it can see and withdraw the case. Without it nobody can, not even you. Write it on paper, or "
        "keep it in a password manager, somewhere the other person does not look. Never give it to takedown as an "
        "argument: use '-', and type it when asked."
    ),
    "If somebody checks this computer": (
        "Do not wipe the history or delete programs in a hurry: a sudden gap is noticed. A computer that the other "
        "person cannot reach, such as a friend's, a library's or a helpline's, is safer than a clean one. "
        "A helpline can do all of this with you, and shares nothing unless you agree."
    ),
}


class PrivacyReport(Result, schema="takedown.privacy"):
    """``takedown doctor --privacy --json``: what remains on the computer; paragraphs by their titles."""

    paragraphs: dict[str, str] = field(default_factory=lambda: dict(PARAGRAPHS))

    def lines(self) -> Iterator[str]:
        for title, text in self.paragraphs.items():
            yield console.style(console.language.look_up(title), "bold")
            yield text
            yield ""
