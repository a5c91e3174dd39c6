"""The tests of hashing, sending and files that another system can change, as it runs them.

By hand, any test can be run so: ``python -m pytest -p tests.portability.windows_process tests/cli``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_POOL, _HASH = "tests/hashing/pool/test_supervisor.py", "tests/cli/commands/test_hash.py"
_SUBMIT, _DEMO = "tests/cli/commands/test_submit.py", "tests/test_demo.py::test_each_step_does_what_it_says"
#: All but what starts a Python that is not imitated, and what differs only inside of a decoder, such as formats.
_POOL_ONLY = (
    "not two_thousand and not todays_phones and not fresh_interpreters and not ctrl_c_is_seen"
    " and (not sandbox_changes or JPEG-RGB or mp4-libx264)"
)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Linux imitates other systems here")
@pytest.mark.parametrize(
    ("system", "tests", "which"),
    [
        (
            "windows_process",
            ["tests/hashing/discover/test_walk.py", "tests/hashing/discover/test_opening.py", _POOL],
            _POOL_ONLY,
        ),
        (
            "windows_process",
            [
                f"{_HASH}::test_the_report_has_every_file_once_and_the_sums_agree",
                f"{_HASH}::test_jsonl_streams_a_row_a_file_then_the_summary",
                f"{_HASH}::test_equal_pictures_case_and_nonce_give_equal_bytes",
                f"{_HASH}::test_a_mixed_folder_can_be_split",
                f"{_HASH}::test_a_listed_file_that_is_gone_is_an_outcome",
                f"{_HASH}::test_the_bundle_being_replaced_is_not_walked",
                f"{_HASH}::test_names_from_stdin",
                f"{_HASH}::test_on_a_terminal_two_questions_are_asked",
                f"{_HASH}::test_a_terminal_is_left_as_it_was",
                f"{_HASH}::test_shared_media",
                f"{_SUBMIT}::test_a_bundle_sent_twice_is_one_case_even_over_a_kill",
                f"{_SUBMIT}::test_a_mixed_folder_is_split",
                f"{_SUBMIT}::test_ctrl_c_at_a_question_says_in_one_line_that_nothing_was_sent",
                f"{_SUBMIT}::test_of_a_screenshot_the_picture_in_it_is_sent_and_withdrawn_again",
            ],
            "",
        ),
        ("mac_process", ["tests/hashing/pool/test_interpreter.py", "tests/cli/commands/test_doctor.py", _DEMO], ""),
        (
            "sharing_rule",
            [
                "tests/core/test_append_only_file.py",
                "tests/core/test_atomic_file.py",
                "tests/core/test_flush.py",
                "tests/core/test_sealed_log.py",
                "tests/helpline/ledger",
                "tests/hashing/test_journal.py",
                _DEMO,
            ],
            "",
        ),
        (
            "sharing_rule",
            [
                "tests/cli/commands/batch",
                f"{_SUBMIT}::test_a_bundle_sent_twice_is_one_case_even_over_a_kill",
                f"{_SUBMIT}::test_the_bundle_that_is_kept_is_the_one_that_was_sent",
                f"{_SUBMIT}::test_an_addition_repeated_adds_nothing",
                "tests/intake/operations",
            ],
            # A server of PostgreSQL has no file of ours, others only read, and some start what is not imitated.
            "not postgresql and not test_census.py and not test_inspection.py and not test_faults.py",
        ),
    ],
    ids=["windows-hashing", "windows-commands", "mac", "sharing-files", "sharing-commands"],
)
def test_what_the_system_changes_passes_as_on_another_system(system: str, tests: list[str], which: str) -> None:
    options = ["-m", "not slow", "-k", which, "-p", "no:randomly", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-p", f"tests.portability.{system}", *tests],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-8000:]
