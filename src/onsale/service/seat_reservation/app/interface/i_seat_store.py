"""The port to the store that owns the state of every seat."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from onsale.service.shared_kernel.seat_messages import SeatCommand, SeatResult
from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot, SubsectionStates
from onsale.service.shared_kernel.seating import SeatCounts, SubsectionLayout


class ISeatStore(Protocol):
    """Every method raises ``UnavailableError`` when the store cannot be reached."""

    async def apply(self, commands: Sequence[SeatCommand], *, now: datetime) -> list[SeatResult]:
        """Decide the commands in order, all of them or none, and answer each (same order).

        A command seen before gets its first answer. ``now`` (UTC) judges reserve deadlines.
        """
        ...

    async def install(
        self, event_id: int, epoch: int, subsections: Sequence[SubsectionSnapshot]
    ) -> None:
        """Replace the whole state of these subsections by the snapshot, under a new epoch."""
        ...

    async def counts(self, event_id: int) -> dict[tuple[str, int], SeatCounts]:
        """Seats by state for each loaded (section, subsection); empty when nothing is loaded."""
        ...

    async def states(
        self, event_id: int, subsections: Sequence[SubsectionLayout]
    ) -> list[SubsectionStates | None]:
        """The seats of these subsections, in their order; ``None`` where nothing is loaded."""
        ...

    async def check(self) -> None:
        """Raise ``UnavailableError`` unless the store answers within two seconds."""
        ...


class IHoldLookup(Protocol):
    """What the store answered a booking; for verification and repair, not for the sale."""

    async def holds(
        self, event_id: int, section: str, subsection: int, days: Sequence[str]
    ) -> dict[UUID, tuple[str, ...]]:
        """Seats (``row-seat``) that each booking of these days (``YYYYMMDD``) still holds."""
        ...
