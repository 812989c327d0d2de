"""The ports of the continuous comparison between the ledger and the seat store."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from onsale.service.shared_kernel.seating import SeatCounts, SubsectionLayout

Place = tuple[str, int]
"""A section's name and a subsection's number."""


@dataclass(frozen=True, slots=True)
class OpenedEvent:
    """An event that the seat store must know."""

    event_id: int
    epoch: int


@dataclass(frozen=True, slots=True)
class LedgerLook:
    """What one statement saw of an event.

    ``tickets`` counts them by their status and ``live`` by the bookings that hold seats; ``busy``
    are the subsections in which a booking waits for the seat store.
    """

    epoch: int
    layouts: Sequence[SubsectionLayout]
    tickets: Mapping[Place, SeatCounts]
    live: Mapping[Place, tuple[int, int]]
    busy: Collection[Place]


class IDriftLedger(Protocol):
    """Reads the ledger cheaply. Every method raises ``UnavailableError`` when it is away."""

    async def opened_after(self, event_id: int, limit: int) -> Sequence[OpenedEvent]:
        """Events with an id above this that were loaded and owe no load, lowest first."""
        ...

    async def look(self, event_id: int) -> LedgerLook | None:
        """Counts of an event; ``None`` while it is being loaded or owes a load."""
        ...

    async def states(self, event_id: int, layouts: Sequence[SubsectionLayout]) -> Sequence[bytes]:
        """One byte (``SeatState``) per seat of each of these subsections."""
        ...

    async def request_load(self, event: OpenedEvent) -> bool:
        """Ask for a load unless somebody has, or the event was loaded since; tell whether."""
        ...


class ISeatPresence(Protocol):
    """Tells which events the seat store has lost altogether."""

    async def absent(self, event_ids: Sequence[int]) -> Collection[int]:
        """Those of these events of which the store holds nothing."""
        ...


class IDriftMeter(Protocol):
    """Hears what the comparison found, for metrics."""

    def checked(self) -> None:
        """One event was compared."""
        ...

    def round_finished(self, began_at: float) -> None:
        """Every event was compared since ``began_at`` (monotonic seconds)."""
        ...

    def found(self, *, drifting_seats: int, drifting_events: int, contradicting: int) -> None:
        """So much is known to differ and is not healed yet, and so many events have tickets and
        bookings that contradict each other; of what could not be compared nothing is said.
        """
        ...

    def repaired(self, cause: str) -> None:
        """A load was asked for, because the event was ``lost`` or had ``drifted``."""
        ...
