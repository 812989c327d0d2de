"""The ports to the notices that wake live viewers. A notice only says what to read again."""

from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LiveNotice:
    """What changed; ``events`` whose seats, ``altered_events`` whose own description."""

    bookings: frozenset[UUID] = field(default=frozenset())
    events: frozenset[int] = field(default=frozenset())
    altered_events: frozenset[int] = field(default=frozenset())


class ILiveNoticePublisher(Protocol):
    """Tells every process at once."""

    async def publish(
        self,
        *,
        bookings: Collection[UUID] = (),
        events: Collection[int] = (),
        altered_events: Collection[int] = (),
    ) -> None:
        """Send one notice. It is best effort: viewers also read again every few seconds, so an
        unreachable channel is logged and counted, not raised.
        """
        ...


class ILiveNoticeSource(Protocol):
    """Hears them."""

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[LiveNotice]]:
        """Connect, then yield each notice; the iterator raises ``UnavailableError`` when the
        connection is lost, and entering does when it cannot be made.
        """
        ...
