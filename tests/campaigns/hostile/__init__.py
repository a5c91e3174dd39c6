"""Hostile input against the real command: bombs, disguises and odd trees. Run: python -m tests.campaigns.hostile."""
