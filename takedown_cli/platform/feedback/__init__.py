"""Verdicts of a platform on their way to the intake: read, kept on the disk until they are sent, and relayed."""
