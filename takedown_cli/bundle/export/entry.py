"""One hash of a bundle with what is known about it: what every format of export is written from.

It guarantees nothing but its fields, which are those of the bundle.
It must never know a format.
"""

from __future__ import annotations

from dataclasses import dataclass

from takedown_cli.bundle.document import BundleFingerprint


@dataclass(frozen=True, slots=True)
class Entry:
    """``item`` counts from 1, as ``inspect`` does; ``media`` is image or video, ``age`` the person's answer."""

    item: int
    media: str
    age: str
    sent: BundleFingerprint

    @property
    def place(self) -> tuple[int, int, str, str, str, str]:
        """Sorts entries the way a bundle of ours does, whoever made the bundle; raw comes before upright."""
        sent = self.sent
        frame = -1 if sent.frame is None else sent.frame
        return (self.item, frame, sent.kind, sent.method or "", sent.variant or "", sent.value)
