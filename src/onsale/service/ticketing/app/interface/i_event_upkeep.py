"""The port to what the ticketing worker keeps in order for events."""

from collections.abc import Sequence
from typing import Protocol


class IEventUpkeep(Protocol):
    """Finds events that need something, and lets their status follow their seats."""

    async def owing_load(self, event_id: int, limit: int) -> Sequence[int]:
        """Events whose seats must be loaded, with an id above this, lowest first."""
        ...

    async def opened_after(self, event_id: int, limit: int) -> Sequence[int]:
        """Events that are not drafts, with an id above this, lowest first."""
        ...

    async def follow_seats(self, event_id: int) -> bool:
        """Set ``sold_out`` or ``available`` as the tickets have it; tell whether it changed."""
        ...

    async def tidy(self) -> None:
        """Clear what is kept for a time only and has outlived it."""
        ...
