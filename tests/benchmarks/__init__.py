"""Figures of speed and recall, which ``make bench`` and its like write into ``docs/laboratory``."""
