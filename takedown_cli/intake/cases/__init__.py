"""Cases and their hash records, and who may act on them: people, organisations, platforms, the operator."""
