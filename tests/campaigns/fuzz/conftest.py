"""How long the targets run: a moment in the tests, minutes with ``FUZZ=long``."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("quick", settings(max_examples=60, database=None, **_QUIET))  # type: ignore[arg-type]
settings.register_profile("long", settings(max_examples=20_000, database=None, **_QUIET))  # type: ignore[arg-type]
settings.load_profile("long" if os.environ.get("FUZZ") == "long" else "quick")
