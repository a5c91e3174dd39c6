"""Inputs that are nearly right: a valid one with a few changes, which reach deeper than noise does.

Every result can also be the unchanged input, so that the accepting side of a parser is run as well.
It is not for secrets: what it draws is repeated in failure reports.
"""

from __future__ import annotations

from hypothesis import strategies as st


@st.composite
def damaged(draw: st.DrawFn, *originals: bytes) -> bytes:
    """One of ``originals`` with up to four pieces replaced, cut out or put in, or nothing like any of them."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=400))
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(len(data), at + 40)))
        data[at:end] = draw(st.binary(max_size=24) | st.sampled_from(_PIECES))
    return bytes(data)


#: What parsers of text stumble over.
_PIECES = (
    b'"', b"\\u0000", b"\\ud800", b"{", b"[" * 40, b"1e999", b"NaN", b"-0", b"null", b"\n", b"\0", b"\xff\xfe",
    b'"payload":"",', b"\xe2\x80\xae", b"9" * 40, b"0x", b"=", b"#", b"'''", b"0001-01-01T00:00:00",
)  # fmt: skip
