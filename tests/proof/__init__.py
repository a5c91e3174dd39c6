"""The proof ladder: each test is one rung of "nothing but hashes leaves", shown with the real command."""
