"""Copies as people repost them, and how many of them are caught: ``python -m tests.benchmarks.reposts``."""
