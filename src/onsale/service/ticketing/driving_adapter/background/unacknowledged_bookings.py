"""Remembers which bookings may have been stored although their buyers were told otherwise."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from onsale.service.ticketing.app.command.withdraw_unacknowledged_bookings_use_case import (
    WithdrawUnacknowledgedBookingsUseCase,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking

LOOK_SECONDS = 1.0
# A statement that slept through a stall of the server ends within seconds of its waking up, so a
# booking that so many looks have not found is not coming.
LOOK_COUNT_MAX = 10
REMEMBERED_COUNT_MAX = 10_000
BATCH_COUNT_MAX = 500


@dataclass(slots=True)
class _Entry:
    booking: Booking
    look_count: int = 0


class UnacknowledgedBookings:
    """Looks for them until they are found, and has them withdrawn. What is forgotten, because there
    are too many or the process ends, ends with its hold.
    """

    def __init__(self, withdraw: WithdrawUnacknowledgedBookingsUseCase) -> None:
        self._withdraw = withdraw
        self._entries: OrderedDict[UUID, _Entry] = OrderedDict()

    @property
    def count(self) -> int:
        """How many are still looked for."""
        return len(self._entries)

    def remember(self, booking: Booking) -> None:
        """Look for this one; the oldest of too many is forgotten."""
        self._entries[booking.id] = _Entry(booking)
        if len(self._entries) > REMEMBERED_COUNT_MAX:
            self._entries.popitem(last=False)

    async def look(self) -> None:
        """Look once for as many as one transaction takes.

        Raises:
            UnavailableError: it is not known; nothing is forgotten.
        """
        entries = [entry for entry, _ in zip(self._entries.values(), range(BATCH_COUNT_MAX))]  # noqa: B905
        if not entries:
            return
        found = await self._withdraw.execute([entry.booking for entry in entries])
        for entry in entries:
            entry.look_count += 1
            if entry.booking.id in found or entry.look_count >= LOOK_COUNT_MAX:
                self._entries.pop(entry.booking.id, None)
            else:
                self._entries.move_to_end(entry.booking.id)

    async def run(self, on_error: Callable[[Exception], None]) -> None:
        """Look until cancelled; a look that fails is reported, and repeated."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - reported, and tried again
                on_error(error)
