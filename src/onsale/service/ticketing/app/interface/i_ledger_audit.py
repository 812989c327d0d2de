"""The ports that verification reads."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus


class ILedgerAudit(Protocol):
    """Looks for contradictions within PostgreSQL, and tells what it says of every seat."""

    async def event_ids(self) -> Sequence[int]:
        """Every event whose seats were loaded, lowest first."""
        ...

    async def status(self, event_id: int) -> EventStatus | None:
        """Where an event stands; ``None`` if there is no such event."""
        ...

    async def contradictions(self, event_id: int) -> Sequence[str]:
        """One sentence for each ticket, booking or price that contradicts another row."""
        ...

    async def snapshot(self, event_id: int) -> Sequence[SubsectionSnapshot]:
        """Every subsection as tickets and live bookings have it."""
        ...

    async def epoch(self, event_id: int) -> int:
        """The epoch under which the event was loaded last."""
        ...

    async def owed_commands(self, event_id: int) -> int:
        """How many bookings of the event wait for the seat store."""
        ...


class IStoredHolds(Protocol):
    """What the seat store believes that bookings hold."""

    async def holds(
        self, event_id: int, section: str, subsection: int, days: Sequence[str]
    ) -> Mapping[UUID, tuple[str, ...]]:
        """Seats (``row-seat``) that each booking of these days (``YYYYMMDD``) still holds."""
        ...
