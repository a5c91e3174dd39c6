"""What an operator does beside serving: deletion, backup, integrity check."""
