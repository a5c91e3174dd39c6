"""Hostile files made in code, and the real command run over them; ``python -m tests.hostile`` is the campaign."""
