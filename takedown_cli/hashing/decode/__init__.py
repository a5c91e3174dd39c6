"""Decode pictures and videos to pixels, behind allowlists of formats and codecs.

``image`` and ``video`` are the entrances. All of it runs in a sandboxed process, see ``hashing.pool``.
"""
