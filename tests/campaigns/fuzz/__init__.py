"""One target for each parser of ours; ``make fuzz`` runs them for longer than the tests do."""
