"""What every other room uses: nouns, reasons, errors, settings, clock, files. It imports no other room."""
