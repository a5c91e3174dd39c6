"""What is left of picture files whose end is missing."""
