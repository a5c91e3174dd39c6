"""The only place that uses what Typer does not document: help pages, usage errors, options that repeat."""
