"""A platform's side: it pulls an intake's native feed, matches uploads with it, and answers.

``extension`` is for python-threatexchange and HMA. The rest needs nothing but this program.
"""
