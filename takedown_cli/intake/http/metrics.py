"""Counters for the operator, in the text format of Prometheus.

They show how many requests there were and how they were answered, by route. No label has a value from a request, so
nothing says who asked for what.
"""

from __future__ import annotations

import hmac
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

from takedown_cli.intake.http.gauges import Gauge, Labels
from takedown_cli.intake.runtime.events import log_event

#: Routes that have a name of their own; all others are counted together.
ROUTES: Final = frozenset({
    "/", "/healthz", "/metrics", "/v1/keys", "/v1/submit", "/v1/status", "/v1/withdraw", "/v1/FetchHashes",
    "/v1/SubmitFeedback", "/v1/SubmitHashes", "/hashsharing/v2/status", "/hashsharing/v2/members",
    "/hashsharing/v2/entries", "/case", "/v1/page",
})  # fmt: skip

_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})

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

    def render_text(self, gauges: Iterable[Gauge]) -> bytes:
        """Return the exposition format, version 0.0.4."""
        answers = [
            ((("route", route), ("status", str(status))), count)
            for (route, status), count in sorted(self._answers.items())
        ]
        seconds = [((("route", route),), round(taken, 3)) for route, taken in sorted(self._seconds.items())]
        counters = (
            Gauge("answers_total", "Answers since the start, by route and status.", answers),
            Gauge("seconds_total", "Seconds that these answers took.", seconds),
        )
        lines: list[str] = []
        for kind, shown in (("counter", counters), ("gauge", gauges)):
            for each in shown:
                name = f"takedown_intake_{each.name}"
                lines += [f"# HELP {name} {each.help}", f"# TYPE {name} {kind}"]
                lines += [f"{name}{_labels(labels)} {value}" for labels, value in each.samples]
        return ("\n".join(lines) + "\n").encode()


def _labels(labels: Labels) -> str:
    """Return labels as the format writes them. The values are ours and the operator's, never a request's."""
    escaped = (f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels)
    return f"{{{','.join(escaped)}}}" if labels else ""
