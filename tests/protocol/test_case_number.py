"""The case number: entropy, the way people write it, the checksum, and what derives from it."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from takedown_cli.core.errors import CaseNumberError
from takedown_cli.protocol.case_number import ALPHABET, SECRET_SYMBOLS, CaseNumber, checksum
from tests.vectors import vector

numbers = st.text(ALPHABET, min_size=SECRET_SYMBOLS, max_size=SECRET_SYMBOLS).map(lambda s: CaseNumber(s + checksum(s)))


def test_a_drawn_number_has_six_groups_of_four_and_reads_back() -> None:
    number = CaseNumber.draw()
    assert [len(group) for group in str(number).split("-")] == [4] * 6
    assert CaseNumber.parse(str(number)) == number


def test_numbers_use_the_whole_alphabet_and_do_not_repeat() -> None:
    drawn = [CaseNumber.draw().symbols for _ in range(500)]
    assert len(set(drawn)) == 500
    for place in range(SECRET_SYMBOLS):
        assert len({symbols[place] for symbols in drawn}) > 25


@given(numbers)
def test_any_way_of_writing_it_is_read(number: CaseNumber) -> None:
    shown = str(number)
    for written in (
        shown.lower(),
        shown.replace("-", ""),
        f"  {shown.replace('-', ' ')}\n",
        shown.replace("-", "–"),
        shown.replace("0", "O").replace("1", "l"),
        shown.replace("0", "o").replace("1", "I"),
    ):
        assert CaseNumber.parse(written) == number


@pytest.mark.parametrize("case", json.loads(vector("case-number.json"))["typed"], ids=lambda case: ascii(case["typed"]))
def test_what_people_type_is_read_as_the_vectors_say(case: dict[str, str | None]) -> None:
    """The page for callers reads the same vectors."""
    typed, wanted = case["typed"], case["case_number"]
    assert typed is not None
    if wanted is not None:
        assert str(CaseNumber.parse(typed)) == wanted
        return
    with pytest.raises(CaseNumberError):
        CaseNumber.parse(typed)


def test_every_single_typo_is_caught() -> None:
    symbols = CaseNumber.draw().symbols
    for place, right in enumerate(symbols):
        for wrong in ALPHABET.replace(right, ""):
            with pytest.raises(CaseNumberError):
                CaseNumber.parse(symbols[:place] + wrong + symbols[place + 1 :])


def test_swaps_are_caught() -> None:
    chance = random.Random(7)
    swaps = missed = 0
    for _ in range(400):
        symbols = CaseNumber.draw().symbols
        for left, right in [*pairwise(range(24)), *[sorted(chance.sample(range(24), 2)) for _ in range(20)]]:
            if symbols[left] == symbols[right]:
                continue
            swapped = list(symbols)
            swapped[left], swapped[right] = swapped[right], swapped[left]
            swaps += 1
            try:
                CaseNumber.parse("".join(swapped))
                missed += 1
            except CaseNumberError:
                pass
    assert missed <= swaps * 0.01


@pytest.mark.parametrize("text", ["", "7K3M", "U" * 24, "0" * 23, "0" * 25, "0" * 10_000, "🦀" * 24, "\ud800" * 24])
def test_what_is_no_number_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(CaseNumberError) as caught:
        CaseNumber.parse(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "7K3M-9QWX-AAAA-BBBB-CCCC-DDDD",
        "7k3m 9qwx",
        "7K3M.9QWX.AAAA.BBBB.CCCC.DDDD",
        "7K3M_9QWX_AAAA_BBBB",
        "7K3M-9QWX-UAAA-BBBB-CCCC-DDDD",
        "number=7K3M9QWXAAAABBBBCCCCDDDD",
        "/home/anna/7K3M-9QWX-AAAA-BBBB-CCCC-DDDD.txt",
        "/home/anna/7K3M9QWXAAAABBBBCCCCDDD.txt",
        "ABCD-EFGH-JKMN-PQRS-TVWX-YZAB",
        "ABCD-EFGH-JKMN-PQRS-TVWX",
        "7K3M9QWXAAAA",
        " 9QWX ",
        "--7K3M",
    ],
)
def test_what_may_be_a_number_is_recognised_also_mistyped_cut_and_in_a_path(text: str) -> None:
    assert CaseNumber.may_be_meant(text)


@given(numbers, st.sampled_from(["-", " ", ".", "/", "_", ""]), st.sampled_from(["", "/home/anna/", "case="]))
def test_hardly_any_way_of_writing_a_number_is_missed(number: CaseNumber, separator: str, before: str) -> None:
    groups = str(number).split("-")
    assume(sum(not group.isalpha() and not group.isdecimal() for group in groups) >= 2)
    assert CaseNumber.may_be_meant(before + separator.join(groups))


@pytest.mark.parametrize(
    "text",
    [
        "IMG_20260101_123456.jpg",
        "IMG-20260101-WA0012.jpg",
        "/home/anna/2023/0412",
        "WhatsApp Images",
        "pics",
        "--copise",
        "a.tdb",
        "",
        "-",
        "DSC_0042.NEF",
        "holiday 2023",
        "ABCD",
        "photos/summer",
        "PXL_20260101_1.jpg",
    ],
)
def test_ordinary_names_are_not_taken_for_numbers(text: str) -> None:
    assert not CaseNumber.may_be_meant(text)


def test_the_number_is_not_in_its_repr() -> None:
    number = CaseNumber.draw()
    assert number.symbols not in repr(number)


def test_derived_keys_are_those_of_the_specification() -> None:
    for case in json.loads(vector("case-number.json"))["cases"]:
        number = CaseNumber.parse(case["case_number"])
        assert number.lookup_id() == case["lookup_id"]
        assert number.signing_key().private_bytes_raw().hex() == case["case_key_seed"]
        assert number.signing_key().public_key().public_bytes_raw().hex() == case["case_key_public"]
        assert number.bundle_key().hex() == case["bundle_key"]


def test_the_derivation_is_rfc_5869_by_hand() -> None:
    """HKDF written out with hmac alone: the vectors above come from another road than the code."""
    import hmac

    number = CaseNumber.parse("0000-0000-0000-0000-0000-0000")
    extracted = hmac.digest(b"takedown/case-number/v1", bytes(14), "sha256")
    assert hmac.digest(extracted, b"lookup-id\x01", "sha256").hex() == number.lookup_id()
