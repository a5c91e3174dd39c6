"""The hash lists in the forms that platforms' software reads, and the platforms' answers."""
