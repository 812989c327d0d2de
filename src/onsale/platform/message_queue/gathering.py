"""Letting messages gather, so that one round trip and one commit serve more of them."""

GATHER_SECONDS = 0.005
BUSY_COUNT = 8
"""So many in one go, and more will come within :data:`GATHER_SECONDS`."""


def gather_seconds(last_count: int, count_max: int) -> float:
    """How long to wait before taking the next batch, by how many the last one had.

    Nothing while it is quiet: a single booking waits for nobody. Nothing while a backlog fills each
    batch by itself: there waiting would only cost time.
    """
    return GATHER_SECONDS if BUSY_COUNT <= last_count < count_max else 0.0
