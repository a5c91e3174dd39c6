"""The class bits of pictures cut to a shape. Participants that wanted copies of every kind want these too.

Hashes that an earlier version listed under such a name keep the bit of copies of an unknown kind.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

#: The class bits for predicted copies of any kind, of pictures and of videos, and those of the new kind.
_FITS = {2: 0x10000, 8: 0x20000}


def upgrade() -> None:
    for every, fits in _FITS.items():
        op.execute(f"UPDATE participants SET classes = classes | {fits} WHERE classes & {every} <> 0")
