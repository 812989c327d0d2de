"""Writes the reference in ``docs/reference`` from the code, so that the two cannot disagree."""
