"""Finds the pictures and videos at or below the paths that a person named.

Every file becomes one value, whatever its name, kind or place. Nothing is decoded and nothing on the disk is changed.
"""

from __future__ import annotations

from takedown_cli.hashing.discover.opening import open_media
from takedown_cli.hashing.discover.sniff import sniff
from takedown_cli.hashing.discover.walk import walk

__all__ = ["open_media", "sniff", "walk"]
