"""The Python API, as scripts of others use it."""
