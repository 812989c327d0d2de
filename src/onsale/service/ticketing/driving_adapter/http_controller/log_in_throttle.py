"""Limits how often a password can be guessed."""

from collections import OrderedDict, deque
from collections.abc import Callable

from onsale.service.ticketing.domain.entity.user_entity import normalized_email
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    RateLimitedError,
)

FAILURE_COUNT_MAX = 50
WINDOW_SECONDS = 300.0
REMEMBERED_COUNT_MAX = 10_000


class LogInThrottle:
    """Counts failed log-ins by address and client, so that guessing from elsewhere locks nobody
    out. Each process counts by itself.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """``monotonic`` is a clock in seconds that never goes back."""
        self._monotonic = monotonic
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def check(self, email: str, client: str) -> None:
        """Raise ``RateLimitedError`` if too many attempts failed lately."""
        failures = self._failures.get((normalized_email(email), client))
        if failures is None or len(failures) < FAILURE_COUNT_MAX:
            return
        left_seconds = failures[0] + WINDOW_SECONDS - self._monotonic()
        if left_seconds > 0:
            raise RateLimitedError(int(left_seconds) + 1)

    def failed(self, email: str, client: str) -> None:
        """Remember a failure; the oldest of too many is forgotten."""
        key = (normalized_email(email), client)
        failures = self._failures.setdefault(key, deque(maxlen=FAILURE_COUNT_MAX))
        failures.append(self._monotonic())
        self._failures.move_to_end(key)
        if len(self._failures) > REMEMBERED_COUNT_MAX:
            self._failures.popitem(last=False)

    def succeeded(self, email: str, client: str) -> None:
        """The right password was given: earlier failures were mistakes."""
        self._failures.pop((normalized_email(email), client), None)
