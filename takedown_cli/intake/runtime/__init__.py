"""Threads beside the event loop, and the events that an operator may know of."""
