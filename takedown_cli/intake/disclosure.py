"""Everything an intake could hand over: its tables, in words, as a page of the documentation.

It guarantees that the page is made from the tables themselves, and that no column goes unexplained.
It must never describe what is meant to be there instead of what is.
"""

from __future__ import annotations

from typing import Final

from takedown_cli.intake.schema import metadata

_HEAD: Final = """\
# Everything we could hand over

Whoever takes an intake's machine, or orders its operator to answer, gets at most the tables below and the keys beside
them. There is no address, no user agent, no name of a person, no picture, no file name and no bundle in them. Days are
whole days of the intake's own clock. The one finer time is the second at which a *hash record* last changed, because
the platforms' interface shows it to every platform anyway.

A case number is not in it and cannot be computed from it. Whoever already **has** a case number, and the intake's
pepper, finds its case; whoever already has a picture finds its hash, and with it the cases that reported it, as
numbers without a name.

What is deleted (an expired case, one withdrawn for 30 days, a tombstone after 90) is overwritten in the SQLite file and
in its log; PostgreSQL overwrites freed pages only when it uses them again. A backup holds what it held when it was
made: delete backups by the same days.
"""


def document() -> str:
    """The page, as Markdown."""
    parts = [_HEAD]
    for table in sorted(metadata.tables.values(), key=lambda table: table.name):
        parts.append(f"## `{table.name}`\n\n{table.comment}\n\n| column | holds |\n| --- | --- |\n")
        parts[-1] += "".join(f"| `{column.name}` | {column.comment} |\n" for column in table.columns)
    return "\n".join(parts)
