"""Counters for the operator, in the text format of Prometheus.

They show how many requests there were and how they were answered, by route. No label has a value from a request, so
nothing says who asked for what.
"""

from __future__ import annotations

import hmac
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from takedown_cli.intake.runtime.events import log_event

#: Routes that have a name of their own; all others are counted together.
ROUTES: Final = frozenset({
    "/healthz", "/metrics", "/v1/keys", "/v1/submit", "/v1/status", "/v1/withdraw", "/v1/FetchHashes",
    "/v1/SubmitFeedback", "/v1/SubmitHashes", "/hashsharing/v2/status", "/hashsharing/v2/members",
    "/hashsharing/v2/entries", "/case", "/v1/page",
})  # fmt: skip

#: A line of the log stands for at least this many answers, until the intake stops.
FEWEST: Final = 10


class Metrics:
    """Counts of this process since it started. Used in the loop's thread only."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._answers: Counter[tuple[str, int]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._logged: Counter[tuple[str, int]] = Counter()

    def log_answers(self, fewest: int = FEWEST) -> None:
        """Log the number of answers since they were last logged.

        Fewer than ``fewest`` wait until more have come: a quarter of an hour with one answer is somebody's visit.
        """
        new = self._answers - self._logged
        for (route, status), count in sorted(new.items()):
            if count < fewest:
                continue
            self._logged[route, status] += count
            seconds = self._seconds[route] / sum(n for (of, _), n in self._answers.items() if of == route)
            log_event("answers", route=route, status=status, count=count, mean_ms=round(1000 * seconds, 1))

    def accepts_token(self, authorization: str) -> bool:
        """Return whether a header has the operator's bearer token."""
        return hmac.compare_digest(authorization.encode(), f"Bearer {self._token}".encode())

    def count_answer(self, path: str, status: int, seconds: float) -> None:
        route = path if path in ROUTES else "other"
        self._answers[route, status] += 1
        self._seconds[route] += seconds

    def render_text(self, gauges: Mapping[str, int]) -> bytes:
        """Return the exposition format, version 0.0.4. ``gauges`` are present values by name."""
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
