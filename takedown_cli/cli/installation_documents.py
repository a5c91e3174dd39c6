"""The shapes of what doctor, config and demo print with ``--json``: this installation, not a case.

It guarantees the same as ``documents``: a field keeps its name and meaning for as long as its ``version`` is the same.
It must never hold a password, or anything of a person's files.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict


class DoctorReport(TypedDict):
    """``takedown doctor --json``."""

    schema: Literal["takedown.doctor"]
    version: Literal[1]
    takedown: str
    python: str
    system: str
    formats: list[FormatRow]
    libraries: dict[str, str | None]
    sandbox: SandboxRow
    intake: IntakeRow | None


class FormatRow(TypedDict):
    """Whether a format can be read; ``library`` is what decodes it, with its version."""

    format: str
    media: str
    readable: bool
    library: str


class SandboxRow(TypedDict):
    """``level`` is full, partial, process-only or none; the rest are phrases for a person."""

    level: str
    holds: list[str]
    lacks: list[str]
    attempts: list[AttemptRow]


class AttemptRow(TypedDict):
    """What a hijacked decoder would try, really tried; ``blocked`` is null where the system has no such thing."""

    what: str
    blocked: bool | None


class IntakeRow(TypedDict):
    """Only with ``--intake``: whether the configured intake answered as the one that was expected."""

    reachable: bool
    detail: str


class SettingRow(TypedDict):
    name: str
    value: str | None
    source: str
    meaning: str
    variable: str


class PrivacyReport(TypedDict):
    """``takedown doctor --privacy --json``: what remains on the computer; paragraphs by their titles."""

    schema: Literal["takedown.privacy"]
    version: Literal[1]
    paragraphs: dict[str, str]


class DemoReport(TypedDict):
    """``takedown demo --json``: what happened, step by step. The case number is of made-up pictures."""

    schema: Literal["takedown.demo"]
    version: Literal[1]
    steps: list[DemoStepRow]


class DemoStepRow(TypedDict):
    """One step by its ``id``, with the facts that belong to it."""

    id: str
    files: NotRequired[int]
    hashed: NotRequired[int]
    fingerprints: NotRequired[int]
    items: NotRequired[int]
    hashes: NotRequired[int]
    bytes: NotRequired[int]
    case_number: NotRequired[str]
    day: NotRequired[str]
    same_receipt: NotRequired[bool]
    active: NotRequired[int]
    withdrawn: NotRequired[int]
    matched: NotRequired[bool]
    distance: NotRequired[int]
    feedback: NotRequired[str]
    states: NotRequired[dict[str, int]]
    answers: NotRequired[dict[str, int]]


class ConfigReport(TypedDict):
    """``takedown config show --json``."""

    schema: Literal["takedown.config"]
    version: Literal[1]
    file: str | None
    settings: list[SettingRow]
