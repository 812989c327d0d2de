"""How many tickets of an event a buyer may still take, decided under a lock for each buyer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from onsale.platform.database.sql_file import load_statements
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.exceptions import TicketLimitReachedError
from onsale.service.ticketing.driven_adapter.repository.booking_batch import WaitingBooking

_SQL = load_statements(Path(__file__).parent / "sql" / "booking_intake.sql")

_Who = tuple[int, int]
"""An event and a buyer."""


@dataclass(slots=True)
class _Allowance:
    limit: int
    taken: int


class BuyerAllowances:
    """Of the buyers of one batch. Until the transaction ends nobody else counts for them, so what
    is stored meanwhile cannot be more than the limit.
    """

    def __init__(self, allowances: Mapping[_Who, _Allowance]) -> None:
        self._allowances = allowances
        self._refusals: list[tuple[WaitingBooking, TicketLimitReachedError]] = []

    @classmethod
    async def locked(
        cls, connection: asyncpg.pool.PoolConnectionProxy, bookings: Sequence[Booking]
    ) -> "BuyerAllowances":
        """Lock the allowances that these bookings draw on, and count what is taken of each."""
        who = sorted({(booking.event_id, booking.buyer_id) for booking in bookings})
        columns = [list(column) for column in zip(*who, strict=True)]
        await connection.execute(_SQL["lock_allowances"], *columns)
        rows = await connection.fetch(_SQL["allowances"], *columns)
        return cls(
            {
                (row["event_id"], row["buyer_id"]): _Allowance(row["ticket_limit"], row["taken"])
                for row in rows
            }
        )

    def admit(self, waiting: Sequence[WaitingBooking]) -> list[WaitingBooking]:
        """Those that may be stored, first come first served. Of several under one key the first
        stands for all.
        """
        admitted: list[WaitingBooking] = []
        names: set[tuple[int, str]] = set()
        for each in waiting:
            if each.named in names:
                continue
            refusal = self._take(each.booking)
            if refusal is not None:
                self._refusals.append((each, refusal))
                continue
            admitted.append(each)
            if each.named is not None:
                names.add(each.named)
        return admitted

    def refuse_the_others(self) -> None:
        """Tell those that were not admitted, once what was counted for others is stored."""
        for waiting, refusal in self._refusals:
            waiting.fail(refusal)

    def _take(self, booking: Booking) -> TicketLimitReachedError | None:
        allowance = self._allowances.get((booking.event_id, booking.buyer_id))
        if allowance is None:
            return None  # its event has no limit any more
        if allowance.taken + booking.quantity > allowance.limit:
            return TicketLimitReachedError(allowance.limit, allowance.taken)
        allowance.taken += booking.quantity
        return None
