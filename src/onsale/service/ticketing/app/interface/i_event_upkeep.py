"""The port to what the ticketing worker keeps in order for events."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FollowedSeats:
    """Events whose status ``changed``, and those that are ``in_other_hands`` and yet to change."""

    changed: AbstractSet[int]
    in_other_hands: AbstractSet[int]


class IEventUpkeep(Protocol):
    """Finds events that need something, and lets their status follow their seats."""

    async def owing_load(self, event_id: int, limit: int) -> Sequence[int]:
        """Events whose seats must be loaded, with an id above this, lowest first."""
        ...

    async def owing_cancellation(self, event_id: int, limit: int) -> Sequence[int]:
        """Cancelled events whose bookings have yet to end, with an id above this, lowest first."""
        ...

    async def opened_after(self, event_id: int, limit: int) -> Sequence[int]:
        """Events that are open or sold out, with an id above this, lowest first."""
        ...

    async def follow_seats(self, event_ids: Collection[int]) -> FollowedSeats:
        """Set ``sold_out`` or ``available`` as the seats have it, drafts and events of which
        nothing is loaded left out.
        """
        ...

    async def tidy(self) -> None:
        """Clear what is kept for a time only and has outlived it."""
        ...
