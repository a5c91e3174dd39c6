"""Text as Windows, Mac and Linux write it; what is in another encoding is refused, never guessed."""

from __future__ import annotations

import io

import pytest

from takedown_cli.core.given_text import decode_text, read_first_line

TEXT = "Zoé/日本.jpg\r\nb.png\r\n"
READABLE = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with a mark": b"\xef\xbb\xbf" + TEXT.encode(),
    "PowerShell's >": b"\xff\xfe" + TEXT.encode("utf-16-le"),
    "UTF-16 big-endian": b"\xfe\xff" + TEXT.encode("utf-16-be"),
}
UNREADABLE = {
    "cp1252": "Zoé.jpg\r\n".encode("cp1252"),
    "cp850": "Zoé.jpg\r\n".encode("cp850"),
    "UTF-16 without a mark": "Zoé.jpg\r\n".encode("utf-16-le"),
    "UTF-32": "Zoé.jpg".encode("utf-32"),
    "UTF-32 big-endian": b"\0\0\xfe\xff" + "Zoé.jpg".encode("utf-32-be"),
    "half a character": b"\xff\xfea",
}


@pytest.mark.parametrize("data", READABLE.values(), ids=READABLE)
def test_text_of_every_system_is_the_same_text(data: bytes) -> None:
    assert decode_text(data) == TEXT
    assert read_first_line(io.BytesIO(data), 100) == "Zoé/日本.jpg"
    with pytest.raises(ValueError, match=r"^$"):
        read_first_line(io.BytesIO(data), 5)


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
def test_another_encoding_is_refused(data: bytes) -> None:
    with pytest.raises(UnicodeError):
        decode_text(data)


def test_a_first_line_is_read_from_a_long_text() -> None:
    for form in ("utf-8", "utf-16"):
        stream = io.BytesIO(("Ċne line\n" + "more\n" * 1000).encode(form))
        assert read_first_line(stream, 20) == "Ċne line"
    assert read_first_line(io.BytesIO(b""), 20) == ""
