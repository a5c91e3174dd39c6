"""What both sides of the network share: bundle, case number, addresses, requests and answers."""
