"""What python-threatexchange and HMA load: signal types and an exchange. ``platform.extension`` is the entrance."""
