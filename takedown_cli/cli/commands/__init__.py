"""One file for each command of ``takedown``; ``batch`` and ``intake`` are folders, a file for each sub-command."""
