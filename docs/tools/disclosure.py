"""The page that lists everything an intake could hand over, made from its tables and their comments."""

from __future__ import annotations

from typing import Final

from takedown_cli.intake.store.tables import metadata

_HEAD: Final = """\
# Everything we could hand over

Somebody who takes an intake's machine, or a court that orders its operator to answer, gets at most two things.
These are the tables below and the keys beside them.

There is no address, no user agent, no name of a person, no picture, no file name and no bundle in them.
Days are whole days of the intake's own clock.
One time is finer: the second at which a *hash record* last changed.
The platforms' interface shows it to every platform anyway.

A case number is not in the tables and cannot be computed from them.
Somebody who already **has** a case number, and the intake's pepper, finds its case.
Somebody who already has a picture finds its hash, and with it the cases that reported it, as numbers without a name.

Some cases are deleted: an expired one, one withdrawn for 30 days, a tombstone after 90.
When a tombstone is deleted, its random record id stays for five years, without the hash: see `removals`.
When nobody reports a clip any more, its random record id stays as long, without its frames: see `clips`.
It shows that a hash was once listed and withdrawn, not which one.
SQLite overwrites what was deleted, in its file and in its log.
PostgreSQL overwrites freed pages only when it uses them again.
A backup holds what it held when it was made, so delete backups by the same days.
"""


def disclosure_page() -> str:
    """Return the page as Markdown."""
    parts = [_HEAD]
    for table in sorted(metadata.tables.values(), key=lambda table: table.name):
        parts.append(f"## `{table.name}`\n\n{table.comment}\n\n| column | holds |\n| --- | --- |\n")
        parts[-1] += "".join(f"| `{column.name}` | {column.comment} |\n" for column in table.columns)
    return "\n".join(parts)
