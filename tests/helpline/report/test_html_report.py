"""The page of a report in a real browser: it is whole, reaches out for nothing, and can be read by everybody."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from takedown_cli.helpline.report.figures import make_report
from takedown_cli.helpline.report.html_report import report_as_html
from tests.helpline.browser import complaints, evaluated, requests, violations
from tests.helpline.made_up_cases import caseload

DAY = "2026-06-01"


def page(cases: int, threshold: int = 5, name: str = "Example Helpline") -> bytes:
    return report_as_html(make_report(caseload(cases), day=DAY, threshold=threshold), name)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("cases", [1200, 60, 0])
def test_no_rule_of_accessibility_is_broken(tmp_path: Path, cases: int, dark: bool) -> None:
    assert violations(page(cases), tmp_path, dark=dark) == []


def test_the_check_finds_what_is_wrong(tmp_path: Path) -> None:
    broken = page(60).replace(b"<html lang", b"<html data-lang").replace(b"--soft: #4d5a6b", b"--soft: #e0e0e0")
    found = " ".join(violations(broken, tmp_path))
    assert "html-has-lang" in found
    assert "color-contrast" in found


def test_the_plots_are_drawn(tmp_path: Path) -> None:
    script = (
        "[...document.querySelectorAll('figure svg')].map(s=>{const b=s.getBoundingClientRect();"
        "return [b.width,b.height,"
        "[...s.querySelectorAll('rect')].filter(r=>r.getBoundingClientRect().width>0&&r.getBoundingClientRect().height>0"
        "&&getComputedStyle(r).fill!='none').length]})"
    )
    drawn = evaluated(page(1200), tmp_path, script)
    assert len(drawn) == 4
    for width, height, marks in drawn:
        assert width > 500
        assert height > 100
        assert marks >= 4


def test_the_style_holds_under_the_pages_own_policy(tmp_path: Path) -> None:
    """The policy names the style sheet by its digest: were that wrong, the page would come out bare."""
    assert complaints(page(60), tmp_path) == []
    changed = page(60).replace(b"<style>", b"<style>/* */")
    assert "Content Security Policy" in " ".join(complaints(changed, tmp_path))


def test_the_page_asks_for_nothing(tmp_path: Path) -> None:
    assert requests(page(1200), tmp_path) == []


def test_the_policy_stops_what_somebody_puts_into_the_page(tmp_path: Path) -> None:
    tag = b'<img src="http://127.0.0.1:9/x.png"><link rel="stylesheet" href="http://127.0.0.1:9/x.css"></main>'
    changed = page(60).replace(b"</main>", tag)
    assert requests(changed, tmp_path) == []
    without = re.sub(rb'<meta http-equiv="Content-Security-Policy"[^>]*>', b"", changed)
    assert requests(without, tmp_path) != []  # so the log would have told


class _Names(HTMLParser):
    """Collects tags, and attributes that could reach out or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.reaching: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.reaching += [
            (tag, name) for name, _ in attrs if name in {"src", "href", "style", "action", "srcset"} or name[:2] == "on"
        ]


def test_the_page_holds_no_script_no_address_and_no_outside_markup() -> None:
    names = _Names()
    hostile = 'Help <script>alert(1)</script>" onload="x'
    text = page(1200, name=hostile).decode()
    names.feed(text)
    assert names.tags.isdisjoint({"script", "img", "link", "iframe", "object", "embed", "a", "form", "input"})
    assert names.reaching == []
    assert "http" not in text.replace("http-equiv", "")
    assert "Third &amp; Sons &lt;Social&gt;" in text
    assert "<Social>" not in text


def test_each_plot_has_its_numbers_in_a_table_and_in_words() -> None:
    text = page(1200).decode()
    assert text.count('role="img"') == 4
    assert text.count("<desc ") == 4
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert text.count("<caption>") >= 8


def test_withheld_numbers_are_nowhere_in_the_page() -> None:
    found = make_report(caseload(60), day=DAY, threshold=5)
    text = report_as_html(found).decode()
    assert "withheld" in text
    words = re.search(r'<desc id="outcomes-description">(.*?)</desc>', text)
    assert words is not None
    assert "Failed: withheld" in words[1]
    heights = set(re.findall(r'class="withheld"[^>]*height="(\d+)"', text))
    assert heights == {"22", "26", "28"}  # the plots' stubs: bars, columns, shares


def test_a_report_without_threshold_says_that_it_is_not_for_publication() -> None:
    assert "Not to be published" in page(60, threshold=1).decode()
    assert "Not to be published" not in page(60).decode()
