"""From a path to fingerprints: discover, decode, fingerprint; ``pipeline`` joins the steps.

Only ``cluster`` uses a network, for paths and for hashes.
"""
