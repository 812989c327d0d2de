"""Says that something keeps failing, without saying it a thousand times."""

import time
from collections.abc import Callable, Mapping

import structlog

LOG_INTERVAL_SECONDS = 5.0


class OccasionalLog:
    """Lines of one recurring trouble: the first at once, then one an interval with a count.

    Not locked: two threads that race may at worst log one line too many.
    """

    def __init__(
        self,
        *,
        interval_seconds: float = LOG_INTERVAL_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval_seconds = interval_seconds
        self._monotonic = monotonic
        self._next_at = monotonic()
        self._unsaid_count = 0
        self._logger = structlog.stdlib.get_logger(__name__)

    def warning(self, event: str, **data: object) -> None:
        """Log ``event``, unless something was logged here less than an interval ago."""
        self._say(self._logger.warning, event, data)

    def error(self, event: str, **data: object) -> None:
        """The same of what should not be, such as a defect with its traceback."""
        self._say(self._logger.error, event, data)

    def _say(self, say: Callable[..., object], event: str, data: Mapping[str, object]) -> None:
        now = self._monotonic()
        if now < self._next_at:
            self._unsaid_count += 1
            return
        self._next_at = now + self._interval_seconds
        say(event, unsaid_count=self._unsaid_count, **data)
        self._unsaid_count = 0
