"""Sealed messages: keys, opening and checking them, and what of a bundle can be listed."""
