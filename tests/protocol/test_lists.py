"""The age rule: who is not sure is protected as a child, wherever a list is named."""

from __future__ import annotations

from typing import get_args

import pytest

from takedown_cli.protocol.lists import LISTS, ListName, list_of_age
from takedown_cli.protocol.wire import Age


@pytest.mark.parametrize(("age", "expected"), [("under-18", "under-18"), ("unsure", "under-18"), ("adult", "adult")])
def test_the_list_of_each_age(age: Age, expected: ListName) -> None:
    assert list_of_age(age) == expected


def test_every_age_has_a_list_and_every_list_an_age() -> None:
    assert {list_of_age(age) for age in get_args(Age)} == {*LISTS}
