"""When a delivery that failed is tried again: soon, then ever more rarely, for three days."""

FIRST_DELAY_SECONDS = 5.0
DELAY_SECONDS_MAX = 3 * 3_600.0
GIVE_UP_SECONDS = 3 * 24 * 3_600.0
"""Counted from when it became owed, or was sent again."""
JITTER_SHARE = 0.25
_DOUBLINGS_MAX = 20


def retry_delay_seconds(attempt_count: int, random_fraction: float) -> float:
    """How long to wait after so many attempts, the first included.

    ``random_fraction`` lies between 0 and 1 and moves it by a quarter to either side, so that what
    failed together does not come back together.
    """
    doublings = min(max(attempt_count - 1, 0), _DOUBLINGS_MAX)
    nominal = min(FIRST_DELAY_SECONDS * 2.0**doublings, DELAY_SECONDS_MAX)
    return nominal * (1 + JITTER_SHARE * (2 * random_fraction - 1))
