"""A sale beside its model: what must hold after each thing that is done to it, and at the end."""

from collections.abc import Collection
from uuid import UUID

from hypothesis.stateful import RuleBasedStateMachine

from onsale.service.ticketing.domain.entity.booking_entity import (
    Booking,
    BookingStatus,
    CancelReason,
)
from onsale.service.ticketing.domain.exceptions import (
    BookingNotPayableError,
    HoldExpiredError,
    PaymentDeclinedError,
)
from tests.model.carried_sale import ALL_SEATS, ROWS, SEATS_PER_ROW, CarriedSale
from tests.model.sale_draws import DECLINED_CARD, Request
from tests.model.sale_model import ANSWERED, NOTHING_MOVES, PAID, Move, SaleModel, Seat

PROCESSING, PENDING = BookingStatus.PROCESSING, BookingStatus.PENDING_PAYMENT


class WatchedSale(RuleBasedStateMachine):
    """What the model knows besides its bookings, and how they are compared; the rules are in
    ``sale_machine.py``.
    """

    def __init__(self, sale: CarriedSale) -> None:
        super().__init__()
        self.sale = sale
        self.model = SaleModel()
        self.view = sale.view()
        self.asked: dict[UUID, Request] = {}
        self.named: dict[tuple[int, str], tuple[UUID, Request]] = {}
        self.lapsed: set[UUID] = set()
        self.unsure: set[UUID] = set()
        self.excuses: set[str] = {"seat_conflict", "sold_out"}
        self.blocked: set[Seat] = set()
        self.ever_blocked: set[Seat] = set()

    # --- what must hold ---------------------------------------------------------------------------

    def look(
        self, moves: Collection[Move] = NOTHING_MOVES, only: Collection[UUID] | None = None
    ) -> None:
        """Nothing moved but what may have, and no seat that is held is on offer."""
        self.view = self.sale.view()
        self.model.tell(self.view.bookings, moves, only)
        taken = self.model.holder.keys()
        assert self.view.free_tickets == ALL_SEATS - taken - self.blocked
        assert not (self.view.offered_seats or set()) & (taken | self.blocked)

    def teardown(self) -> None:
        """Let it come to rest; ledger, store and model then say the same."""
        self.sale.fuse.clear()
        self.sale.settle()
        self.look(ANSWERED | PAID)
        assert not self.model.those(PROCESSING, BookingStatus.PAID), "stuck"
        taken = self.model.holder.keys()
        free = ALL_SEATS - taken - self.blocked
        assert self.view.offered_seats == self.view.free_tickets == free
        assert self.sale.run(self.sale.pipeline.differences(self.sale.event.id)) == []
        assert sorted(self.sale.charges()) == sorted(self.model.those(BookingStatus.COMPLETED))
        for booking in self.view.bookings.values():
            if booking.status is BookingStatus.FAILED:
                self._check_refusal(booking)

    # --- what the rules share ---------------------------------------------------------------------

    def _pick(self, of: Collection[UUID], number: int) -> Booking:
        ids = list(of)
        return self.view.bookings[ids[number % len(ids)]]

    def _payable(self) -> list[UUID]:
        return [each for each in self.model.those(PENDING) if each not in self.lapsed | self.unsure]

    def _answer_to_payment(self, booking: Booking, card: str) -> type[object]:
        if booking.cancel_reason is CancelReason.EXPIRED:
            return HoldExpiredError
        if booking.status is not PENDING:
            return BookingNotPayableError
        if booking.id in self.lapsed:
            return HoldExpiredError
        return PaymentDeclinedError if card == DECLINED_CARD else Booking

    def _note(self, buyer: int, request: Request, key: str | None, booking_id: UUID) -> None:
        self.asked[booking_id] = request
        if key is not None:
            self.named[buyer, key] = (booking_id, request)

    def _find_out_what_was_taken_in(self, buyer: int, request: Request, key: str | None) -> None:
        new = self.model.status.keys() - self.asked.keys()
        assert len(new) <= 1
        for booking_id in new:
            self._note(buyer, request, key, booking_id)

    def _check_refusal(self, failed: Booking) -> None:
        """It has a reason that happened here, and a refused seat was wanted by somebody else, or
        blocked for a time.
        """
        assert failed.failure_reason in self.excuses
        mine = self.asked[failed.id]
        others = [
            asked
            for booking_id, asked in self.asked.items()
            if booking_id != failed.id and asked.subsection == mine.subsection
        ]
        blocked = {position for number, position in self.ever_blocked if number == mine.subsection}
        if failed.failure_reason == "seat_conflict" and not blocked & {*mine.seats}:
            assert any(not other.seats or {*other.seats} & {*mine.seats} for other in others)
        if failed.failure_reason == "sold_out":
            room = ROWS * SEATS_PER_ROW - len(blocked)
            room -= sum(other.quantity for other in others)
            assert room < mine.quantity
