"""Our feeds and banks against Meta's HMA (``make hma``)."""
