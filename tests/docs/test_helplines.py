"""Helplines: none without the page that it was read on and the day, since a wrong number can cost more than none."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlsplit

import pytest
from babel import Locale

from docs.tools.helplines import FOR_WHOM, Helpline, helplines_page, read_helplines


@pytest.mark.parametrize("helpline", read_helplines(), ids=lambda each: each.name)
def test_a_helpline_has_the_page_that_it_was_read_on_and_the_day(helpline: Helpline) -> None:
    parts = urlsplit(helpline.page)
    assert parts.scheme in {"https", "http"}
    assert "." in parts.netloc
    assert isinstance(helpline.read, date)
    assert helpline.read >= date(2026, 11, 30)
    assert helpline.for_whom in FOR_WHOM
    assert helpline.country is None or helpline.country in Locale("en").territories
    assert helpline.telephone is None or re.fullmatch(r"[0-9A-Z +–-]{3,20}", helpline.telephone)


def test_the_two_that_are_for_every_country_come_first() -> None:
    assert [each.country is None for each in read_helplines()[:3]] == [True, True, False]
    named = [each.country for each in read_helplines() if each.country]
    assert named == sorted(named)


def test_the_page_says_that_the_linked_page_decides() -> None:
    page = helplines_page()
    assert "The linked page decides." in page
    assert all(f"]({each.page})" in page for each in read_helplines())
