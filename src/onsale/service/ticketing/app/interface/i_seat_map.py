"""The ports to the seat store, as ticketing sees it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot, SubsectionStates
from onsale.service.shared_kernel.seating import SeatCounts, SubsectionLayout


class ISeatMap(Protocol):
    """Reads seat state; raises ``UnavailableError`` when the store cannot be reached."""

    async def counts(self, event_id: int) -> Mapping[tuple[str, int], SeatCounts]:
        """Seats by state of each loaded (section, subsection)."""
        ...

    async def any_available(self, event_ids: Collection[int]) -> Mapping[int, bool]:
        """Whether each event has a seat left; those of which nothing is loaded are left out."""
        ...

    async def states(
        self, event_id: int, subsections: Sequence[SubsectionLayout]
    ) -> Sequence[SubsectionStates | None]:
        """The seats of these subsections, in their order; ``None`` where nothing is loaded."""
        ...


class ISeatInstaller(Protocol):
    """Loads the seat store."""

    async def execute(
        self, event_id: int, epoch: int, subsections: Sequence[SubsectionSnapshot]
    ) -> None:
        """Replace the state of an event by the ledger's, under a new epoch."""
        ...


class ILedgerSeats(Protocol):
    """The same from the tickets themselves: slower, and always there."""

    async def ticket_counts(self, event_id: int) -> Mapping[tuple[str, int], SeatCounts]:
        """Tickets by status of each (section, subsection)."""
        ...

    async def ticket_states(self, event_id: int, layout: SubsectionLayout) -> bytes:
        """One byte (``SeatState``) per seat of the subsection, row by row."""
        ...
