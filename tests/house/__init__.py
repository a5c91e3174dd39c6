"""Rules for the source itself: size of rooms, docstrings, imports, errors."""
