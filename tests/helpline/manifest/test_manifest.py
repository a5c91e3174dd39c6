"""The manifest: read whole, refused whole, each fault by its row; and never a cell repeated."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from takedown_cli.helpline.manifest import Fault, Manifest, RowDefaults, read_manifest
from takedown_cli.helpline.manifest.faults import REASONS
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.bundle.document import Declaration
from takedown_cli.protocol.case_number import CaseNumber
from tests.helpline import naughty_strings
from tests.helpline.caller_files import GOOD, TODAY, as_csv, as_jsonl, bundle, day, folder, row
from tests.helpline.manifest import faulty_rows
from tests.helpline.manifest.faulty_rows import NUMBER, prepared


def manifest(root: Path, data: bytes, name: str = "manifest.csv", **given: object) -> Manifest:
    (root / name).write_bytes(data)
    return read_manifest(root / name, RowDefaults(today=TODAY, **given))  # type: ignore[arg-type]


def reasons(found: Manifest) -> list[tuple[int | None, str]]:
    return [(fault.row, fault.reason) for fault in found.faults]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_table_as_any_spreadsheet_writes_it(tmp_path: Path, delimiter: str, line_end: str, mark: bytes) -> None:
    folder(tmp_path, "a, b; c")
    folder(tmp_path, "callers/0002")
    rows = [row("2026/1", "a, b; c"), row("2026/2", "callers/0002", language="de-AT", copies="flips crops")]
    empty = (delimiter * 7 + line_end).encode()
    found = manifest(tmp_path, mark + as_csv(rows, delimiter, line_end) + empty)
    assert not found.faults
    first, second = found.callers
    assert (first.row, first.reference, first.source) == (2, "2026/1", tmp_path.resolve() / "a, b; c")
    assert (first.age, first.behalf, first.authority, first.intake) == ("adult", "other", "permission", None)
    assert (second.language, second.copies) == ("de", frozenset({"flips", "crops"}))


def test_words_are_read_as_people_write_them_and_options_fill_what_is_empty(tmp_path: Path) -> None:
    folder(tmp_path, "a")
    folder(tmp_path, "b")
    rows = [
        {"reference": " A ", "source": "a", "age": " Under 18", "for": "Child", "authority": "Parent or Guardian"},
        {"reference": "B", "source": "b"},
    ]
    intake = IntakeAddress.parse("https://intake.example")
    found = manifest(
        tmp_path, as_csv(rows), age="unsure", behalf="other", authority="law", intake=intake, language="fr"
    )
    assert not found.faults
    assert (found.callers[0].age, found.callers[0].behalf) == ("under-18", "child")
    assert found.callers[0].authority == "parent-or-guardian"
    second = found.callers[1]
    assert (second.age, second.behalf, second.authority, second.language) == ("unsure", "other", "law", "fr")


def test_a_separator_line_of_a_spreadsheet_counts_as_a_row(tmp_path: Path) -> None:
    folder(tmp_path, "a")
    found = manifest(tmp_path, b"sep=;\r\n" + as_csv([row("A", "a")], ";"))
    assert [caller.row for caller in found.callers] == [3]


def test_a_folder_of_folders_is_a_manifest(tmp_path: Path) -> None:
    office = tmp_path / "office"
    folder(office, "0001")
    (office / "0002.tdb").write_bytes(bundle(declaration=Declaration(behalf="child", authority="law"), age="under-18"))
    (office / ".DS_Store").write_bytes(b"x")
    found = read_manifest(office, RowDefaults(age="adult", behalf="other", authority="permission", today=TODAY))
    assert not found.faults
    assert [(caller.reference, caller.age, caller.authority) for caller in found.callers] == [
        ("0001", "adult", "permission"),
        ("0002", "under-18", "law"),
    ]
    (office / "notes.txt").write_bytes(b"x")
    assert reasons(read_manifest(office, RowDefaults(age="adult", behalf="self", today=TODAY))) == [
        (3, "folder-stray-file")
    ]


def test_ten_thousand_callers_are_read_whole(tmp_path: Path) -> None:
    rows = []
    for number in range(10_000):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "x").touch()
        rows.append(row(f"{number}", f"{number}"))
    found = manifest(tmp_path, as_csv(rows))
    assert len(found.callers) == 10_000
    assert not found.faults


def test_a_settings_file_in_a_callers_folder_changes_nothing(tmp_path: Path) -> None:
    folder(tmp_path, "a")
    (tmp_path / "takedown.toml").write_text('language = "de"\n')
    (tmp_path / "a" / "config.toml").write_text('language = "de"\n')
    assert manifest(tmp_path, as_csv([row("A", "a")])).callers[0].language == "en"


#: Of these the row says itself what the bundle contradicts.
def test_every_kind_of_fault_is_named_with_its_row_and_its_column(office: Path) -> None:
    rows = prepared(office)
    intake = IntakeAddress.parse("https://intake.example")
    found = manifest(office, as_csv(cells for _, cells in rows), intake=intake)
    assert reasons(found) == [(row, reason) for row, (reason, _) in enumerate(rows, start=2)]
    assert found.callers == ()
    assert len(rows) >= 50
    for fault in found.faults:
        assert fault.sentence.endswith(".")
        assert fault.advice.endswith(".")
        if not fault.reason.startswith("row-"):
            column = "source" if fault.reason.startswith("bundle-") else fault.reason.partition("-")[0]
            assert fault.column in {column, "reference", "source", "age", "for", "authority", "copies"}


def test_five_hundred_naughty_strings_in_every_column(office: Path) -> None:
    """With the fifty kinds below them, in one manifest: each has its row."""
    strings = naughty_strings.strings()
    assert len(strings) == 500
    columns = ("source", "age", "for", "authority", "copies", "intake", "language")
    rows = []
    for number, string in enumerate(strings):
        cells = row(f"N{number}", folder(office, f"n{number}").name)
        rows.append({**cells, columns[number % len(columns)]: string})
    known = prepared(office)
    found = manifest(
        office, as_csv([*rows, *(cells for _, cells in known)]), intake=IntakeAddress.parse("https://intake.example")
    )
    faulty = {fault.row for fault in found.faults}
    allowed = {"none"} | {string for string in strings if not string.strip(" \t\u00a0")}
    for number, cells in enumerate(rows):
        string = cells[columns[number % len(columns)]]
        assert number + 2 in faulty or string.strip().casefold() in allowed, ascii(string)
    after = [(fault.row, fault.reason) for fault in found.faults if (fault.row or 0) >= len(rows) + 2]
    assert after == [(n, reason) for n, (reason, _) in enumerate(known, start=len(rows) + 2)]
    _assert_nothing_repeated(found, strings)


def _assert_nothing_repeated(found: Manifest, strings: list[str]) -> None:
    ours = {text for pair in REASONS.values() for text in pair}
    for fault in found.faults:
        assert fault.sentence.replace(str(fault.other), "{other}") in ours | {fault.sentence}
        assert REASONS[fault.reason][0].partition("{")[0] in fault.sentence
        assert fault.advice in ours
        assert fault.column is None or fault.column.isascii()
    assert NUMBER not in repr(found)


def test_naughty_references_and_sources_from_outside(tmp_path: Path, shared: Path) -> None:
    """As JSONL too, which can carry what CSV cannot; nothing may raise, and every source that is none is named."""
    strings = [string for string in naughty_strings.from_outside(shared) if string.strip(" \t\u00a0") not in {"", "."}]
    rows = [row(f"N{number}", string) for number, string in enumerate(strings)]
    for name, data in (("m.csv", as_csv(rows)), ("m.jsonl", as_jsonl(rows))):
        found = manifest(tmp_path, data, name)
        assert len({fault.row for fault in found.faults}) == len(strings)
        assert found.callers == ()
    manifest(tmp_path, as_jsonl(row(string, "x") for string in strings), "m.jsonl")


def test_a_case_number_is_found_wherever_it_was_typed(tmp_path: Path) -> None:
    folder(tmp_path, "a")
    mistyped = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
    fullwidth = "".join(chr(ord(c) + 0xFEE0) for c in NUMBER)
    for typed in (NUMBER, NUMBER.lower(), NUMBER.replace("-", ""), mistyped, f"case {NUMBER} of Tuesday", fullwidth):
        for column in ("reference", "source", "age", "intake", "language"):
            found = manifest(tmp_path, as_csv([{**row("A", "a"), column: typed}]))
            assert [fault.reason for fault in found.faults if fault.column == column] == ["cell-case-number"], column
        heading = as_csv([row("A", "a")]).replace(b"language", typed.encode(), 1)
        assert (1, "cell-case-number") in reasons(manifest(tmp_path, heading))
        in_json = as_jsonl([{**row("A", "a"), typed: "x"}])
        assert (1, "cell-case-number") in reasons(manifest(tmp_path, in_json, "m.jsonl"))


def test_two_rows_may_not_name_the_same_or_one_inside_the_other(tmp_path: Path) -> None:
    folder(tmp_path, "a/inner")
    folder(tmp_path, "b")
    number = CaseNumber.draw()
    (tmp_path / "one.tdb").write_bytes(bundle(number))
    (tmp_path / "two.tdb").write_bytes(bundle(number, created=day(-1)))
    os.link(tmp_path / "one.tdb", tmp_path / "hard.tdb")
    sources = ("a", "a/inner", "b", "b/", "one.tdb", "two.tdb", "hard.tdb")
    rows = [{"reference": f"R{n}", "source": s, **(GOOD if ".tdb" not in s else {})} for n, s in enumerate(sources)]
    found = manifest(tmp_path, as_csv(rows))
    assert [(fault.row, fault.reason, fault.other) for fault in found.faults] == [
        (3, "source-inside", 2),
        (5, "source-twice", 4),
        (7, "bundle-twice", 6),
        (8, "source-twice", 6),
    ]


def test_a_row_with_another_fault_is_compared_all_the_same(tmp_path: Path) -> None:
    folder(tmp_path, "a/inner")
    rows = [row("A", "a", age="17"), row("A", "a", language="tlh"), row("B", "a/inner", age="")]
    found = manifest(tmp_path, as_csv(rows))
    assert set(reasons(found)) == {
        (2, "age-number"), (3, "language-unknown"), (3, "reference-twice"), (3, "source-twice"), (4, "age-missing"),
        (4, "source-inside"),
    }  # fmt: skip


def test_references_must_differ_for_the_eye(tmp_path: Path) -> None:
    references = ("2026-1", "2026-1", "2026/1", "Müller", "MULLER", "2026-11", "20261-1")
    rows = [row(reference, folder(tmp_path, f"f{n}").name) for n, reference in enumerate(references)]
    found = manifest(tmp_path, as_csv(rows))
    assert [(fault.row, fault.reason, fault.other) for fault in found.faults] == [
        (3, "reference-twice", 2),
        (4, "reference-alike", 2),
        (6, "reference-alike", 5),
    ]


HEAD = b"reference,source,age,for,authority\n"


WHOLE: list[tuple[bytes, list[tuple[int | None, str]]]] = [
    (b"", [(None, "manifest-empty")]),
    (b" \r\n", [(None, "manifest-empty")]),
    (HEAD, [(None, "manifest-empty")]),
    (b"PK\x03\x04rest", [(None, "manifest-spreadsheet")]),
    (HEAD.decode().encode("utf-16"), [(None, "manifest-empty")]),
    (HEAD.decode().encode("utf-32"), [(None, "manifest-utf16")]),
    ("\ufeff \n".encode("utf-16-be"), [(None, "manifest-empty")]),
    (HEAD.decode().encode("utf-16-le"), [(None, "manifest-utf16")]),
    (b'[{"reference": "A"}]', [(None, "manifest-json-array")]),
    (HEAD + b"A,a,adult,other,law\n" * 100_001, [(None, "manifest-too-many-rows")]),
    (b"reference,folder\nA,a\n", [(1, "column-missing"), (1, "column-unknown")]),
    (b"reference,source,Source,,age,\nA,a,b,c,adult,\n", [(1, "column-twice"), (1, "column-unnamed")]),
    (HEAD + b"A,a,adult,other,permission,more\n", [(2, "row-too-many-cells")]),
    (HEAD + b"A,a,adult\n", [(2, "row-too-few-cells")]),
    (HEAD + b'A,"a,adult,other,law\nB,"b" c,adult,other,law\nC,c,"17",other,law', [
        (2, "row-quotes"), (3, "row-quotes"), (4, "age-number"), (4, "source-not-there")]),
    (HEAD + b"M\xfcller,a,adult,other,law\n", [(2, "row-encoding")]),
    (b'{"reference": "A", "source": "a", "reference": "B"}', [(1, "json-key-twice")]),
    (b'{"reference": "A", "source": 5}', [(1, "json-not-text")]),
    (b'{"reference": "A", "source": NaN}', [(1, "json-invalid")]),
    (b'{"reference": "A"\n\n{}\n5', [
        (1, "json-invalid"), (3, "reference-missing"), (3, "source-missing"), (3, "age-missing"), (3, "for-missing"),
        (4, "json-not-object")]),
    (b'{"x":' * 4000 + b"1" + b"}" * 4000, [(1, "row-too-long")]),
    (b'{"x":' * 3000 + b"1", [(1, "json-too-deep")]),
    (b'{"reference": "A\\ud800", "source": "a", "age": "adult", "for": "self"}', [
        (1, "cell-surrogate"), (1, "source-not-there")]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), WHOLE, ids=range(len(WHOLE)))
def test_what_is_wrong_with_a_manifest_as_a_whole(
    tmp_path: Path, data: bytes, expected: list[tuple[int | None, str]]
) -> None:
    found = manifest(tmp_path, data)
    if (1, "column-twice") in expected or (1, "column-missing") in expected:
        assert reasons(found)[: len(expected)] == expected
    else:
        assert sorted(reasons(found), key=str) == sorted(expected, key=str)
    assert found.callers == ()


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_do_anything_but_make_faults(tmp_path: Path, data: bytes) -> None:
    for start in (b"", HEAD, b'{"reference": "A", "source": "'):
        found = manifest(tmp_path, start + data)
        assert found.faults
        assert all(fault.reason in REASONS for fault in found.faults)


def test_a_manifest_that_is_no_file(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no named pipes in folders")
    os.mkfifo(tmp_path / "pipe")
    assert read_manifest(tmp_path / "none.csv").faults == (Fault("manifest-missing"),)
    assert read_manifest(tmp_path / "pipe").faults == (Fault("manifest-kind"),)
    (tmp_path / "large.csv").touch()
    os.truncate(tmp_path / "large.csv", (64 << 20) + 1)
    with (tmp_path / "large.csv").open("r+b") as stream:
        stream.write(b"reference")
    assert read_manifest(tmp_path / "large.csv").faults == (Fault("manifest-too-large"),)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="an account that may not read everything")
def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    folder(tmp_path, "locked").chmod(0)
    assert reasons(manifest(tmp_path, as_csv([row("A", "locked")]))) == [(2, "source-unreadable")]
    (tmp_path / "manifest.csv").chmod(0)
    assert read_manifest(tmp_path / "manifest.csv").faults == (Fault("manifest-unreadable"),)


def test_a_test_intake_takes_tests_only(tmp_path: Path) -> None:
    (tmp_path / "real.tdb").write_bytes(bundle())
    (tmp_path / "test.tdb").write_bytes(bundle(test=True))
    data = as_csv([{"reference": "A", "source": "real.tdb"}, {"reference": "B", "source": "test.tdb"}])
    assert reasons(manifest(tmp_path, data, test=True)) == [(2, "bundle-not-test")]


def test_our_own_signature_may_stand_beside(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    (tmp_path / "a.tdb").write_bytes(bundle(organisation=key))
    data = as_csv([{"reference": "A", "source": "a.tdb"}])
    assert not manifest(tmp_path, data, organisation=key.public_key().public_bytes_raw()).faults


def test_every_reason_can_be_met() -> None:
    """What is in the table and in no test here is left to a machine where it can happen."""
    clouds = Path(__file__).parents[2] / "portability" / "test_links_and_clouds.py"
    text = "".join(Path(name).read_text(encoding="utf-8") for name in (__file__, faulty_rows.__file__, clouds))
    unmet = {reason for reason in REASONS if f'"{reason}"' not in text}
    assert not unmet
