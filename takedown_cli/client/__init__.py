"""A person's side of the network: talk to an intake or to an HMA bank. All of it goes through ``transport``."""
