"""Turn decoded pixels into fingerprints: PDQ, digests, perceptual hashes, and those of predicted copies.

``picture`` and ``vpdq`` are the entrances, for a picture and for a video; ``copies`` predicts changed copies.
"""
