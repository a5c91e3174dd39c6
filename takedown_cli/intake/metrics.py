"""Counters for whoever runs the intake, in the text format of Prometheus.

It guarantees that they tell how much is asked and how it is answered, by route, and nothing of who asked for what.
It must never have a label whose value comes from a request.
"""

from __future__ import annotations

import hmac
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from takedown_cli.intake.events import tell

#: Routes that have a name of their own; everything else is counted as one.
ROUTES: Final = frozenset({
    "/healthz", "/metrics", "/v1/keys", "/v1/submit", "/v1/status", "/v1/withdraw", "/v1/FetchHashes",
    "/v1/SubmitFeedback", "/v1/SubmitHashes", "/hashsharing/v2/status", "/hashsharing/v2/members",
    "/hashsharing/v2/entries",
})  # fmt: skip

#: Answers that a line of the log stands for at least, until the intake stops.
FEWEST: Final = 10


class Metrics:
    """Counts of this process since it started; used from the loop's thread only."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._answers: Counter[tuple[str, int]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._told: Counter[tuple[str, int]] = Counter()

    def tell(self, fewest: int = FEWEST) -> None:
        """Tell the operator's log how many answers there were since it was told last.

        Of fewer than ``fewest`` it is told when more have come: a quarter of an hour with one is somebody's visit.
        """
        new = self._answers - self._told
        for (route, status), count in sorted(new.items()):
            if count < fewest:
                continue
            self._told[route, status] += count
            seconds = self._seconds[route] / sum(n for (of, _), n in self._answers.items() if of == route)
            tell("answers", route=route, status=status, count=count, mean_ms=round(1000 * seconds, 1))

    def admits(self, authorization: str) -> bool:
        """Whether this is the operator's bearer token."""
        return hmac.compare_digest(authorization.encode(), f"Bearer {self._token}".encode())

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Note one answer."""
        route = path if path in ROUTES else "other"
        self._answers[route, status] += 1
        self._seconds[route] += seconds

    def text(self, gauges: Mapping[str, int]) -> bytes:
        """The exposition format, version 0.0.4; ``gauges`` are current values by name."""
        lines = ["# TYPE takedown_intake_answers_total counter"]
        lines += [
            f'takedown_intake_answers_total{{route="{route}",status="{status}"}} {count}'
            for (route, status), count in sorted(self._answers.items())
        ]
        lines.append("# TYPE takedown_intake_seconds_total counter")
        lines += [
            f'takedown_intake_seconds_total{{route="{route}"}} {seconds:.3f}'
            for route, seconds in sorted(self._seconds.items())
        ]
        for name, value in gauges.items():
            lines += [f"# TYPE takedown_intake_{name} gauge", f"takedown_intake_{name} {value}"]
        return ("\n".join(lines) + "\n").encode()
