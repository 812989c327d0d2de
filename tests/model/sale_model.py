"""The model: what buyers were told, and the few things that must hold of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus

Seat = tuple[int, str]
Move = tuple[BookingStatus | None, BookingStatus]

NOTHING_MOVES: frozenset[Move] = frozenset()
TAKEN_IN: frozenset[Move] = frozenset({(None, BookingStatus.PROCESSING)})
ANSWERED: frozenset[Move] = frozenset(
    {
        (BookingStatus.PROCESSING, BookingStatus.PENDING_PAYMENT),
        (BookingStatus.PROCESSING, BookingStatus.FAILED),
    }
)
EXPIRED: frozenset[Move] = frozenset({(BookingStatus.PENDING_PAYMENT, BookingStatus.CANCELLED)})
CANCELLED = EXPIRED | {(BookingStatus.PROCESSING, BookingStatus.CANCELLED)}
PAID: frozenset[Move] = frozenset(
    {
        (BookingStatus.PENDING_PAYMENT, BookingStatus.PAID),
        (BookingStatus.PENDING_PAYMENT, BookingStatus.COMPLETED),
        (BookingStatus.PAID, BookingStatus.COMPLETED),
    }
)


@dataclass(slots=True)
class SaleModel:
    """Each booking stands somewhere, each seat has one holder at most, and nothing moves unless
    what was just done may move it.
    """

    status: dict[UUID, BookingStatus] = field(default_factory=dict)
    holder: dict[Seat, UUID] = field(default_factory=dict)

    def tell(
        self,
        bookings: Mapping[UUID, Booking],
        moves: Collection[Move],
        only: Collection[UUID] | None = None,
    ) -> None:
        """Take over what the ledger says now; ``only`` these bookings may make the ``moves``."""
        assert self.status.keys() <= bookings.keys(), "a booking has disappeared"
        for booking in bookings.values():
            move = (self.status.get(booking.id), booking.status)
            is_expected = move in moves and (only is None or booking.id in only)
            assert move[0] is move[1] or is_expected, f"{booking.id} went from {move}"
        self.status = {booking.id: booking.status for booking in bookings.values()}
        self.holder = {}
        for booking in bookings.values():
            for position in booking.seat_positions if booking.status.holds_seats else ():
                seat = (booking.subsection, position)
                assert seat not in self.holder, f"{seat} is told to two buyers"
                self.holder[seat] = booking.id

    def those(self, *statuses: BookingStatus) -> list[UUID]:
        """The bookings that stand so, oldest first."""
        return [booking_id for booking_id, status in self.status.items() if status in statuses]
