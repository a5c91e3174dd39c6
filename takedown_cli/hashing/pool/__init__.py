"""Supervised, sandboxed decoding processes: a crash, a hang or a memory limit affects only one file.

``supervisor.Pool`` runs ``hash_media`` on open descriptors. ``protection.examine_protection`` tests the sandbox on this
system. Only records go from a child to the parent: no pixels, no paths, no exceptions of other libraries.
"""
