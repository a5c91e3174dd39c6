"""A case on its way to an intake: the document, its signatures (``envelope``), its encryption (``seal``), the file.

``docs/reference/bundle-format.md`` describes all of them for those who write software of their own.
"""
