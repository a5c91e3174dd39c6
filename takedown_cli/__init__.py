"""Takedown: hash intimate pictures on your own device, so that platforms can remove the copies.

Only fingerprints leave the machine, never a picture or a file name (``tests/proof`` shows it with the real command).
Importing the package loads no decoder, no network library and no terminal library.
"""

__version__ = "0.1.0"
