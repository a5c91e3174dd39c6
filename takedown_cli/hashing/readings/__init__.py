"""The readings of an upload: the picture as it is, turned and negative, and each photograph that sits inside it.

``upload`` is the entrance: it hashes all readings. ``rectangles`` finds the places where a photograph sits.
"""
