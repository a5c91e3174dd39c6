"""Our feeds and exports, read by the software that platforms run, unmodified (``make interop``)."""
