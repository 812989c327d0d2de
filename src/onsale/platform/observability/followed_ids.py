"""Ids that see to it that somebody is always followed, however small the share of all is."""

import time
from collections.abc import Callable
from uuid import UUID

from onsale.platform.observability.traces import Traces


class FollowedIds:
    """Makes ids of which ``per_second`` at least are followed, as long as so many are made.

    The first of each second are, then those alone that would be anyway: whoever tries something
    finds its trace, and a rush does not pay for a trace of each of its bookings. Whether one is
    followed stands in its id, so that who handles it later need not be told.
    """

    def __init__(
        self,
        new_id: Callable[[], UUID],
        traces: Traces,
        per_second: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``new_id`` makes UUIDs of version 7; ``monotonic`` tells seconds."""
        self._new_id = new_id
        self._traces = traces
        self._per_second = per_second
        self._monotonic = monotonic
        self._second_began = monotonic()
        self._left = per_second

    def __call__(self) -> UUID:
        """A new id."""
        made = self._new_id()
        now = self._monotonic()
        if now - self._second_began >= 1:
            self._second_began, self._left = now, self._per_second
        if self._left == 0:
            return made
        self._left -= 1
        return made if self._traces.follows(made) else self._traces.followed(made)
