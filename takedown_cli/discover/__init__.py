"""Finds the pictures and videos below the paths that a person named.

It guarantees that every file ends as exactly one value, whatever its name, kind or place.
It must never decode a file, nor change anything on the disk.
"""

from __future__ import annotations

from takedown_cli.discover.opening import open_media
from takedown_cli.discover.sniff import sniff
from takedown_cli.discover.walk import walk

__all__ = ["open_media", "sniff", "walk"]
