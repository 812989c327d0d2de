"""Judges a history and a final state. Every check is a pure function of the two."""
