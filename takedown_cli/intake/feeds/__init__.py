"""The feeds: hash lists in the shapes that platforms' existing software reads, and their answers back.

They guarantee one order of modification for all of them. They must never show a lookup id or a case number.
"""
