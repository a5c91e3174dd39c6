"""What commands found: one file a command, whose values are shown as JSON or as lines (see ``result``)."""
