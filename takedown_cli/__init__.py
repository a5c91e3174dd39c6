"""Takedown: hash intimate pictures on your own device, so that platforms can remove the copies.

The package guarantees that only fingerprints ever leave the machine, never a picture or a file name.
Importing it must never load a decoder, a network stack or a terminal library.
"""

__version__ = "0.1.0"
