"""Reads text that a person's editor or shell wrote: UTF-8, or UTF-16 as Windows marks it.

No other encoding is guessed: a name or a passphrase read in the wrong one would be another.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import BinaryIO, Final

#: What to do about any other encoding.
SAVE_AS_UTF8: Final = (
    "Save it as UTF-8: an editor offers that under 'Save as', and PowerShell's Out-File with -Encoding utf8."
)
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


def is_utf16(data: bytes) -> bool:
    """Return whether the text begins with the mark of UTF-16, as PowerShell's ``>`` writes it."""
    return data.startswith(_UTF16)


def decode_text(data: bytes, *, nul: bool = False) -> str:
    """Return the text without its mark. Raise UnicodeError for other encodings.

    A NUL shows another encoding too, such as UTF-16 without a mark, unless ``nul`` allows it.
    """
    text = data.decode("utf-16" if is_utf16(data) else "utf-8-sig")
    if "\0" in text and not nul:
        raise UnicodeError
    return text


def read_first_line(stream: BinaryIO, most: int) -> str:
    """Return the first line, without its end. Raise UnicodeError, ValueError if it has more than ``most`` bytes."""
    data = stream.readline(most + 1)
    if is_utf16(data):  # its line ends are not those that ``readline`` looks for
        data += stream.read(2 * most)
        data = getincrementaldecoder("utf-16")().decode(data).partition("\n")[0].encode("utf-8")
    if len(data) > most:
        raise ValueError
    return decode_text(data).rstrip("\r\n")
