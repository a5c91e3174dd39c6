"""What the ``batch`` commands found or did."""
