"""The state machine: what can be done to a sale, and what its model expects of it."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.exceptions import (
    BookingNotCancellableError,
    IdempotencyKeyReusedError,
    PaymentDeclinedError,
    PaymentInProgressError,
    SeatConflictError,
)
from tests.model.carried_sale import ALL_SEATS, Refusal
from tests.model.mortal import ProcessDiedError
from tests.model.sale_draws import (
    GOOD_CARD,
    Request,
    cards,
    counts,
    interruptions,
    keys,
    rarely,
    requests,
    troubles,
    which,
)
from tests.model.sale_model import ANSWERED, CANCELLED, EXPIRED, PAID, TAKEN_IN
from tests.model.watched_sale import PENDING, PROCESSING, WatchedSale


class SaleMachine(WatchedSale):
    """Every rule does one thing and then looks at all bookings: only what that one thing may move
    has moved.
    """

    # --- buyers -----------------------------------------------------------------------------------

    @initialize(earlier=st.lists(requests, min_size=1, max_size=3))
    def hold_some_seats(self, earlier: list[Request]) -> None:
        """A sale that goes on already, so that there is something to pay, cancel and lose."""
        for request in earlier:
            self.book(0, request, None)
        self.carry_everything()

    @rule(buyer=st.integers(0, 1), request=requests, key=keys)
    def book(self, buyer: int, request: Request, key: str | None) -> None:
        told = self.sale.attempt(
            lambda: self.sale.book(buyer, request.subsection, request.seats, request.quantity, key)
        )
        earlier = None if key is None else self.named.get((buyer, key))
        if isinstance(told, ProcessDiedError):
            self.look(TAKEN_IN)
            self._find_out_what_was_taken_in(buyer, request, key)
        elif earlier is None:
            assert isinstance(told, Booking), told
            assert told.status is PROCESSING
            self._note(buyer, request, key, told.id)
            self.look(TAKEN_IN, [told.id])
        elif earlier[1] == request:
            assert isinstance(told, Booking), told
            assert (told.id, told.status) == (earlier[0], self.model.status[earlier[0]])
            self.look()
        else:
            assert isinstance(told, IdempotencyKeyReusedError), told
            self.look()

    @precondition(lambda self: self.model.status)
    @rule(number=which)
    def cancel(self, number: int) -> None:
        booking = self._pick(self.model.status, number)
        told = self.sale.attempt(lambda: self.sale.cancel(booking))
        if isinstance(told, ProcessDiedError):
            self.look(CANCELLED, [booking.id])
            return
        if booking.id in self.unsure:
            refusals = (PaymentInProgressError, BookingNotCancellableError)
            assert isinstance(told, Booking | PaymentInProgressError | BookingNotCancellableError)
            cancelled = not isinstance(told, refusals)
        else:
            cancelled = booking.status in (PROCESSING, PENDING)
            assert isinstance(told, Booking if cancelled else BookingNotCancellableError), told
        self.look(CANCELLED, [booking.id])
        if cancelled:
            assert self.model.status[booking.id] is BookingStatus.CANCELLED

    @precondition(lambda self: self.model.status)
    @rule(number=which, card=cards)
    def pay(self, number: int, card: str) -> None:
        booking = self._pick(self.model.status, number)
        told = self.sale.attempt(lambda: self.sale.pay(booking, card))
        was_unsure = booking.id in self.unsure
        if isinstance(told, ProcessDiedError):
            self.unsure.add(booking.id)
        elif was_unsure:
            assert isinstance(told, Booking | Refusal)
        else:
            assert isinstance(told, self._answer_to_payment(booking, card)), told
        if isinstance(told, Booking | PaymentDeclinedError):
            self.unsure.discard(booking.id)
        self.look(PAID, [booking.id])
        if isinstance(told, Booking):
            assert self.model.status[booking.id] is BookingStatus.COMPLETED

    @precondition(lambda self: self._payable())
    @rule(number=which, calls=st.integers(0, 12), interruption=interruptions)
    def pay_interrupted(self, number: int, calls: int, interruption: str) -> None:
        """Somewhere in the payment, between two of its calls, something else happens."""
        booking = self._pick(self._payable(), number)
        told: list[object] = []
        due = self.lapsed.intersection(self.model.those(PENDING))

        async def meanwhile() -> None:
            told.append(await self.sale.interrupt(interruption, booking, GOOD_CARD))

        self.sale.fuse.length, self.sale.fuse.meanwhile = calls, meanwhile
        told.append(self.sale.attempt(lambda: self.sale.pay(booking, GOOD_CARD)))
        moving = {"hold_runs_out": due, "settle_payments": self.unsure}.get(interruption, set())
        if interruption == "hold_runs_out" and len(told) > 1:
            self.lapsed.add(booking.id)
        self.look(PAID | CANCELLED, {booking.id, *moving})
        winners = [each for each in told if isinstance(each, Booking)]
        after = self.model.status[booking.id]
        if interruption in ("cancel", "pay") or winners:
            assert [winner.status for winner in winners] == [after], told
        elif interruption == "hold_runs_out":
            assert after is BookingStatus.CANCELLED, told
        else:
            # Taken for an orphan while it was under way: safe, though its buyer has to pay again.
            assert (interruption, after) == ("settle_payments", PENDING), told
        if interruption == "settle_payments" and len(told) > 1:
            self.unsure.clear()

    # --- time -------------------------------------------------------------------------------------

    @precondition(lambda self: self.model.those(PENDING))
    @rule(number=which)
    def hold_runs_out(self, number: int) -> None:
        booking = self._pick(self.model.those(PENDING), number)
        self.sale.run(self.sale.lapse(booking))
        self.lapsed.add(booking.id)
        self.look()

    @precondition(lambda self: self.lapsed.intersection(self.model.those(PENDING)))
    @rule()
    def expire(self) -> None:
        due = self.lapsed.intersection(self.model.those(PENDING))
        told = self.sale.attempt(self.sale.expire)
        self.look(EXPIRED, due)
        if not isinstance(told, ProcessDiedError):
            assert not due.intersection(self.model.those(PENDING)) - self.unsure

    @precondition(lambda self: self.unsure)
    @rule()
    def settle_payments(self) -> None:
        if len(self.unsure) > 1:
            # They are settled side by side, so that nobody could say which one dies.
            self.sale.fuse.clear()
        told = self.sale.attempt(self.sale.settle_payments)
        self.look(PAID, self.unsure)
        if not isinstance(told, ProcessDiedError):
            assert not self.model.those(BookingStatus.PAID)
            self.unsure.clear()

    # --- messages and workers ---------------------------------------------------------------------

    @precondition(lambda self: self.sale.commands)
    @rule(count=counts, dies=rarely, much_later=rarely)
    def decide(self, count: int, *, dies: bool, much_later: bool) -> None:
        if much_later:
            self.excuses.add("too_late")
        self.sale.decide(count, dies=dies, much_later=much_later)
        self.look()

    @precondition(lambda self: self.sale.results)
    @rule(count=counts)
    def apply(self, count: int) -> None:
        self.sale.attempt(lambda: self.sale.apply(count))
        self.look(ANSWERED)

    @precondition(lambda self: self.sale.commands)
    @rule(decided=st.booleans())
    def give_up_reserve(self, *, decided: bool) -> None:
        if decided:
            self.sale.decide(1, dies=True)
        if self.sale.give_up_reserve():
            self.excuses.add("unprocessable")
        self.look()

    @rule()
    def carry_everything(self) -> None:
        """What happens when nothing goes wrong, which is most of the time."""
        while self.sale.commands or self.sale.results:
            if self.sale.commands:
                self.sale.decide(len(self.sale.commands))
            told = self.sale.attempt(lambda: self.sale.apply(len(self.sale.results)))
            if isinstance(told, ProcessDiedError):
                break
        self.look(ANSWERED)

    @precondition(lambda self: self.sale.commands or self.sale.past_commands)
    @rule(number=st.integers(0, 20), how=troubles)
    def trouble_with_commands(self, number: int, how: str) -> None:
        _trouble(how, number, self.sale.commands, self.sale.past_commands)

    @precondition(lambda self: self.sale.results or self.sale.past_results)
    @rule(number=st.integers(0, 20), how=troubles)
    def trouble_with_results(self, number: int, how: str) -> None:
        _trouble(how, number, self.sale.results, self.sale.past_results)

    @precondition(lambda self: self.model.status)
    @rule()
    def resend(self) -> None:
        self.sale.attempt(self.sale.resend)
        self.look()

    @precondition(lambda self: self.model.status)
    @rule(always=st.booleans(), wiped=rarely)
    def load(self, *, always: bool, wiped: bool) -> None:
        if wiped:
            self.sale.run(self.sale.wipe_store())
        self.sale.attempt(lambda: self.sale.load(always=always))
        self.look()

    @precondition(lambda self: self.model.status)
    @rule()
    def wipe_store(self) -> None:
        self.sale.run(self.sale.wipe_store())

    @rule(length=st.integers(0, 9))
    def next_process_dies(self, length: int) -> None:
        self.sale.fuse.length = length

    @precondition(lambda self: self.model.status)
    @rule()
    def restart(self) -> None:
        self.sale.restart()

    # --- the seller -------------------------------------------------------------------------------

    @rule(number=which, blocked=st.booleans())
    def set_blocked(self, number: int, *, blocked: bool) -> None:
        seat = sorted(ALL_SEATS)[number % len(ALL_SEATS)]
        is_possible = seat in (self.view.free_tickets if blocked else self.blocked)
        wanted = self.blocked | {seat} if blocked else self.blocked - {seat}
        told = self.sale.attempt(lambda: self.sale.set_blocked(seat, blocked=blocked))
        now = self.sale.view().blocked_tickets
        if isinstance(told, ProcessDiedError):
            assert now == self.blocked or (is_possible and now == wanted)
        else:
            assert is_possible if told is None else isinstance(told, SeatConflictError), told
            assert now == (wanted if is_possible else self.blocked)
        self.blocked = set(now)
        self.ever_blocked |= now
        self.look()


def _trouble(how: str, number: int, under_way: list[Any], past: list[Any]) -> None:
    """What a network does to one of the messages under way, or that arrived before."""
    if how == "repeated" and past:
        under_way.append(past[number % len(past)])
    elif under_way:
        message = under_way.pop(number % len(under_way))
        if how == "overtaken":
            under_way.append(message)
