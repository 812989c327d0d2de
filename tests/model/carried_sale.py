"""A sale on the real stores for a test that cannot await, with every message in its hands."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from onsale.platform.exceptions import UnavailableError
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    ReserveSeats,
    SeatCommand,
    SeatResult,
    SeatsRefused,
    SelectionMode,
)
from onsale.service.shared_kernel.seating import SeatPosition, SeatState
from onsale.service.ticketing.app.command.create_booking_use_case import BookingRequest
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import TicketingError
from onsale.service.ticketing.driven_adapter.repository.booking_rows import booking_from_row
from tests.model.mortal import Fuse, ProcessDiedError, mortal
from tests.model.sale_model import Seat
from tests.support.money import clear_up, orphan_attempts
from tests.support.pipeline import Pipeline

BUYER_COUNT = 2
SUBSECTIONS, ROWS, SEATS_PER_ROW = 2, 2, 3
ALL_SEATS = frozenset(
    (number, f"{row}-{seat}")
    for number in range(1, SUBSECTIONS + 1)
    for row in range(1, ROWS + 1)
    for seat in range(1, SEATS_PER_ROW + 1)
)
SETTLE_ROUNDS_MAX = 8
MUCH_LATER = timedelta(hours=1)

Outcome = TypeVar("Outcome")
Refusal = TicketingError | UnavailableError


@dataclass(frozen=True, slots=True)
class View:
    """Every booking, oldest first, and what each store would give away; the seat store gives
    nothing (``None``) while it waits to be loaded.
    """

    bookings: Mapping[UUID, Booking]
    free_tickets: AbstractSet[Seat]
    blocked_tickets: AbstractSet[Seat]
    offered_seats: AbstractSet[Seat] | None


@dataclass(slots=True)
class CarriedSale:
    """One event and its buyers; ``commands`` and ``results`` are under way, the ``past_`` ones have
    arrived at least once.
    """

    runner: asyncio.Runner
    pipeline: Pipeline
    event: Event
    buyers: Sequence[Principal]
    fuse: Fuse = field(default_factory=Fuse)
    commands: list[SeatCommand] = field(default_factory=list)
    results: list[SeatResult] = field(default_factory=list)
    past_commands: list[SeatCommand] = field(default_factory=list)
    past_results: list[SeatResult] = field(default_factory=list)

    @classmethod
    def open(cls, runner: asyncio.Runner, pipeline: Pipeline) -> "CarriedSale":
        """A new event on stores that hold no other, whatever the example before left there."""

        async def begin() -> tuple[Event, list[Principal]]:
            await pipeline.pool.execute(
                "TRUNCATE event, mock_gateway_charge, mock_gateway_payment, mock_gateway_refund"
                " CASCADE"
            )
            await pipeline.redis.flushall()
            event = await pipeline.open_event(
                rows=ROWS, seats_per_row=SEATS_PER_ROW, subsections=SUBSECTIONS
            )
            return event, [await pipeline.user(UserRole.BUYER) for _ in range(BUYER_COUNT)]

        return cls(runner, pipeline, *runner.run(begin()))

    def run(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Await it here."""
        return self.runner.run(work)

    def attempt(
        self, work: Callable[[], Coroutine[Any, Any, Outcome]]
    ) -> Outcome | Refusal | ProcessDiedError:
        """What the caller is told; a process that dies takes what it has not sent with it."""
        try:
            outcome: Outcome | Refusal | ProcessDiedError = self.run(work())
        except (TicketingError, UnavailableError) as refusal:
            outcome = refusal
        except ProcessDiedError as death:
            outcome = death
            self.restart()
        except ExceptionGroup as failures:
            if failures.split(ProcessDiedError)[1] is not None:
                raise
            outcome = ProcessDiedError()
            self.restart()
        finally:
            self.fuse.clear()
        self.commands += self.run(self.pipeline.commands())
        return outcome

    def restart(self) -> None:
        """New processes: nothing is left of what the old ones had in memory."""
        pipeline = self.pipeline
        pipeline.publisher._posted.clear()
        pipeline.store = RedisSeatStore(pipeline.redis)
        self.run(self._forget_scripts())

    async def _forget_scripts(self) -> None:
        await self.pipeline.redis.script_flush()

    async def wipe_store(self) -> None:
        await self.pipeline.redis.flushall()

    # --- what buyers and background jobs do; each may die on the way ------------------------------

    async def book(
        self, buyer: int, subsection: int, seats: Sequence[str], quantity: int, key: str | None
    ) -> Booking:
        request = BookingRequest(
            self.event.id,
            "A",
            subsection,
            SelectionMode.MANUAL if seats else SelectionMode.BEST_AVAILABLE,
            tuple(SeatPosition.parse(seat) for seat in seats),
            quantity,
        )
        use_case = mortal(self.pipeline.create_booking, self.fuse)
        return (await use_case.execute(self.buyers[buyer], request, key)).booking

    async def cancel(self, booking: Booking) -> Booking:
        use_case = mortal(self.pipeline.cancel, self.fuse)
        return await use_case.execute(self._buyer_of(booking), booking.id)

    async def pay(self, booking: Booking, card: str) -> Booking:
        use_case = mortal(self.pipeline.pay, self.fuse)
        return await use_case.execute(self._buyer_of(booking), booking.id, card)

    async def set_blocked(self, seat: Seat, *, blocked: bool) -> None:
        use_case = mortal(self.pipeline.set_seats_blocked, self.fuse)
        seller = Principal(self.event.seller_id, UserRole.SELLER, token_id="-")
        subsection, position = seat
        seats = [SeatPosition.parse(position)]
        await use_case.execute(seller, self.event.id, "A", subsection, seats, blocked=blocked)

    async def expire(self) -> int:
        return await mortal(self.pipeline.expire, self.fuse).execute()

    async def resend(self) -> int:
        """As if the back-off of everything that is owed had passed."""
        await self.pipeline.pool.execute(
            "UPDATE booking SET next_send_at = now() WHERE command IS NOT NULL"
        )
        return await mortal(self.pipeline.resend, self.fuse).execute()

    async def load(self, *, always: bool) -> bool:
        loaded = mortal(self.pipeline.load, self.fuse).execute(self.event.id, always=always)
        return await loaded is not None

    async def settle_payments(self) -> int:
        """As if every payment that is under way had been so for long."""
        await orphan_attempts(self.pipeline)
        return await mortal(self.pipeline.settle_payments, self.fuse).execute()

    async def interrupt(self, interruption: str, booking: Booking, card: str) -> object:
        """Something else that happens to a booking, and what came of it."""
        try:
            match interruption:
                case "cancel":
                    return await self.cancel(booking)
                case "pay":
                    return await self.pay(booking, card)
                case "hold_runs_out":
                    await self.lapse(booking)
                    return await self.expire()
                case "settle_payments":
                    return await self.settle_payments()
                case _:
                    return await self.load(always=True)
        except TicketingError as refusal:
            return refusal

    async def lapse(self, booking: Booking) -> None:
        await self.pipeline.pool.execute(
            "UPDATE booking SET expires_at = now() - interval '1 second' WHERE id = $1", booking.id
        )

    # --- what carries messages --------------------------------------------------------------------

    def decide(self, count: int, *, dies: bool = False, much_later: bool = False) -> None:
        """The seat worker takes a batch; dying, it leaves it to the next one."""
        batch = self.commands[:count]
        now = datetime.now(UTC) + (MUCH_LATER if much_later else timedelta())
        results = self.run(self.pipeline.store.apply(batch, now=now))
        if not dies:
            del self.commands[:count]
            self.past_commands += batch
            self.results += results

    async def apply(self, count: int) -> None:
        """The ticketing worker takes a batch; only if it lives is the batch done with."""
        batch = self.results[:count]
        await mortal(self.pipeline.apply_results, self.fuse).execute(batch)
        del self.results[:count]
        self.past_results += batch

    def give_up_reserve(self) -> bool:
        """The seat worker sets aside the first command, if it is a reserve, and refuses it."""
        command = self.commands[0]
        if not isinstance(command, ReserveSeats):
            return False
        self.past_commands.append(self.commands.pop(0))
        self.results.append(
            SeatsRefused(
                booking_id=command.booking_id,
                event_id=command.event_id,
                section=command.section,
                subsection=command.subsection,
                epoch=command.epoch,
                seq=command.seq,
                reason=RefusalReason.UNPROCESSABLE,
            )
        )
        return True

    def settle(self) -> None:
        """Let everything come to rest.

        Raises:
            AssertionError: it does not.
        """
        for _ in range(SETTLE_ROUNDS_MAX):
            self.run(clear_up(self.pipeline))
            # A store that was wiped while no booking owed it anything is loaded by its operator.
            self.run(self.load(always=self.view().offered_seats is None))
            self.run(self.resend())
            self.commands += self.run(self.pipeline.commands())
            while self.commands or self.results:
                self.decide(len(self.commands))
                self.run(self.apply(len(self.results)))
                self.commands += self.run(self.pipeline.commands())
            if self._is_at_rest():
                return
        raise AssertionError("the sale does not come to rest")

    # --- what there is to see ---------------------------------------------------------------------

    def view(self) -> View:
        """The ledger and the seat store as they stand."""
        return self.run(self._view())

    async def _view(self) -> View:
        rows = await self.pipeline.pool.fetch("SELECT * FROM booking ORDER BY created_at, id")
        tickets = await self.pipeline.pool.fetch(
            "SELECT status, (subsection, row_number || '-' || seat_number) AS seat FROM ticket"
        )
        return View(
            {row["id"]: booking_from_row(row) for row in rows},
            {tuple(row["seat"]) for row in tickets if row["status"] == "available"},
            {tuple(row["seat"]) for row in tickets if row["status"] == "blocked"},
            await self._offered_seats(),
        )

    async def _offered_seats(self) -> set[Seat] | None:
        layouts = list(self.event.details.seating_config)
        epoch = await self.pipeline.pool.fetchval("SELECT epoch FROM event")
        found = await self.pipeline.store.states(self.event.id, layouts)
        offered = set()
        for layout, states in zip(layouts, found, strict=True):
            if states is None or states.epoch != epoch:
                return None
            offered |= {
                (layout.subsection, str(layout.position_at(index)))
                for index, state in enumerate(states.states)
                if state == SeatState.AVAILABLE
            }
        return offered

    def charges(self) -> list[UUID]:
        """The bookings for which the gateway has taken money and kept it, once for each time."""
        rows = self.run(
            self.pipeline.pool.fetch(
                "SELECT booking_id FROM mock_gateway_payment AS payment"
                " JOIN payment_attempt ON payment_attempt.id = payment.key"
                " LEFT JOIN mock_gateway_refund AS refund"
                " ON refund.payment_id = payment.payment_id"
                " WHERE refund.key IS NULL"
            )
        )
        return [row["booking_id"] for row in rows]

    def _is_at_rest(self) -> bool:
        waiting = (
            "SELECT (SELECT count(*) FROM booking WHERE command IS NOT NULL)"
            " + (SELECT count(*) FROM event WHERE load_owed)"
            " + (SELECT count(*) FROM payment_attempt WHERE settled_at IS NULL)"
            " + (SELECT count(*) FROM payment_refund WHERE status = 'owed')"
        )
        return not self.run(self.pipeline.pool.fetchval(waiting))

    def _buyer_of(self, booking: Booking) -> Principal:
        (buyer,) = (each for each in self.buyers if each.user_id == booking.buyer_id)
        return buyer
