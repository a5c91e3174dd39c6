"""Options that several commands share, and what is made of their values: settings, recipe, bundle, ledger, key."""
