"""Tells of faults that cost time and no truth, without telling each a thousand times."""

from collections import defaultdict

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.occasional_log import OccasionalLog
from onsale.platform.observability.discreet_errors import discreet_words


class FaultLog:
    """Each kind of fault is told at once, then once an interval with a count of the rest.

    A kind is a dependency that is away, or else a class of errors; there are a handful of either.
    """

    def __init__(self) -> None:
        self._logs: defaultdict[str, OccasionalLog] = defaultdict(OccasionalLog)

    def __call__(self, error: Exception) -> None:
        """Tell of the fault, unless one of its kind was told a moment ago."""
        kind = type(error).__name__
        if isinstance(error, UnavailableError):
            kind = f"{kind} {error.dependency}"
        self._logs[kind].warning(
            "fault_survived", error_type=type(error).__name__, error=discreet_words(error)
        )
