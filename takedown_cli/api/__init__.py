"""Hash files, make bundles and talk to an intake from Python: these twelve names are public, with what they return.

``docs/reference/python-api.md`` describes them; ``docs/how-to/use-from-python.md`` says what stays as it is.
"""

from takedown_cli.api.bundle import Bundle
from takedown_cli.api.intake import Intake
from takedown_cli.api.run import Progress, hash_paths
from takedown_cli.core import errors
from takedown_cli.core.model import Failed, Hashed, Outcome, Recipe, Skipped
from takedown_cli.hashing.matching import HashList
from takedown_cli.protocol.case_number import CaseNumber

__all__ = [
    "Bundle",
    "CaseNumber",
    "Failed",
    "HashList",
    "Hashed",
    "Intake",
    "Outcome",
    "Progress",
    "Recipe",
    "Skipped",
    "errors",
    "hash_paths",
]
