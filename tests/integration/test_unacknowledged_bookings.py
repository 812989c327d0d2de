"""A booking that was stored too late to be acknowledged does not keep its seats from others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.command.withdraw_unacknowledged_bookings_use_case import (
    WithdrawUnacknowledgedBookingsUseCase,
)
from onsale.service.ticketing.app.interface.i_payment_gateway import Captured
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus, CancelReason
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.driven_adapter.repository.asyncpg_booking_intake import (
    AsyncpgBookingIntake,
)
from onsale.service.ticketing.driving_adapter.background.unacknowledged_bookings import (
    LOOK_COUNT_MAX,
    UnacknowledgedBookings,
)
from tests.support.pipeline import Pipeline
from tests.support.polling import wait_for
from tests.support.tasks import background

# Within it a booking must have been sent, on a busy machine too.
WAIT_SECONDS = 0.5


@asynccontextmanager
async def impatient(
    pipeline: Pipeline, *, writer_count: int = 2
) -> AsyncIterator[UnacknowledgedBookings]:
    """The pipeline takes bookings in with little patience within the block."""
    cancel = pipeline.cancel
    unacknowledged = UnacknowledgedBookings(
        WithdrawUnacknowledgedBookingsUseCase(
            pipeline.unit_of_work, pipeline.publisher, cancel.notices
        )
    )
    intake = AsyncpgBookingIntake(
        pipeline.pool,
        writer_count=writer_count,
        wait_seconds_max=WAIT_SECONDS,
        on_unacknowledged=unacknowledged.remember,
    )
    patient, pipeline.create_booking = (
        pipeline.create_booking,
        replace(pipeline.create_booking, intake=intake),
    )
    async with background(intake.run()):
        yield unacknowledged
    pipeline.create_booking = patient


@asynccontextmanager
async def inserts_wait(pipeline: Pipeline) -> AsyncIterator[None]:
    """Within the block no booking can be stored; what was tried meanwhile is stored after it."""
    async with pipeline.pool.acquire() as connection, connection.transaction():
        # What a row's foreign key needs to share.
        await connection.execute("SELECT FROM event FOR UPDATE")
        yield


async def stored_count(pipeline: Pipeline, event: Event) -> int:
    query = "SELECT count(*) FROM booking WHERE event_id = $1"
    count: int = await pipeline.pool.fetchval(query, event.id)
    return count


async def book_too_late(
    pipeline: Pipeline, event: Event, buyer: Principal, key: str | None = None
) -> None:
    """Be refused, and have the row all the same."""
    async with inserts_wait(pipeline):
        with pytest.raises(UnavailableError):
            await pipeline.book(buyer, event, "1-1", key=key)
    await wait_until_stored(pipeline, event)


async def wait_until_stored(pipeline: Pipeline, event: Event) -> None:
    await wait_for(lambda: stored_count(pipeline, event), bool)


async def test_it_is_withdrawn_as_soon_as_it_is_found(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    async with impatient(pipeline) as unacknowledged:
        await book_too_late(pipeline, event, buyer)
        [booking] = (entry.booking for entry in unacknowledged._entries.values())

        await unacknowledged.look()

        assert unacknowledged.count == 0
        await pipeline.settle()
    withdrawn = await pipeline.booking(booking.id)
    assert (withdrawn.status, withdrawn.cancel_reason) == (
        BookingStatus.CANCELLED,
        CancelReason.BUYER,
    )
    other = await pipeline.hold(await pipeline.user(UserRole.BUYER), event, "1-1")
    assert other.status is BookingStatus.PENDING_PAYMENT
    assert not await pipeline.differences(event.id)


async def test_its_seats_are_given_back_where_it_has_got_them_already(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    async with impatient(pipeline) as unacknowledged:
        await book_too_late(pipeline, event, buyer)
        await pipeline.pool.execute("UPDATE booking SET next_send_at = now() - interval '1 s'")
        assert await pipeline.resend.execute() == 1
        await pipeline.settle()
        [booking] = (entry.booking for entry in unacknowledged._entries.values())
        assert (await pipeline.booking(booking.id)).status is BookingStatus.PENDING_PAYMENT

        await unacknowledged.look()
        await pipeline.settle()

    assert (await pipeline.booking(booking.id)).status is BookingStatus.CANCELLED
    assert (await pipeline.hold(buyer, event, "1-1")).status is BookingStatus.PENDING_PAYMENT
    assert not await pipeline.differences(event.id)


async def test_it_stays_while_money_moves_for_it(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    async with impatient(pipeline) as unacknowledged:
        await book_too_late(pipeline, event, buyer)
        await pipeline.pool.execute("UPDATE booking SET next_send_at = now() - interval '1 s'")
        assert await pipeline.resend.execute() == 1
        await pipeline.settle()
        [booking] = (entry.booking for entry in unacknowledged._entries.values())
        # Its buyer has found it in the list.
        attempt = await pipeline.pay._open_attempt(buyer, booking.id)

        await unacknowledged.look()
        assert unacknowledged.count == 0
        assert (await pipeline.booking(booking.id)).status is BookingStatus.PENDING_PAYMENT

    await pipeline.payment_ledger.record(attempt, Captured("pay_found"))
    await pipeline.settle()
    assert (await pipeline.booking(booking.id)).status is BookingStatus.COMPLETED
    assert not await pipeline.differences(event.id)


async def test_one_that_was_given_up_while_its_writer_had_no_connection_is_never_stored(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.catalog.get(event.id)

    async def another_is_stored() -> bool:
        with suppress(UnavailableError):
            await pipeline.book(buyer, event, "1-2")
        return bool(await stored_count(pipeline, event))

    async with impatient(pipeline, writer_count=1) as unacknowledged:
        async with AsyncExitStack() as taken:
            for _ in range(pipeline.pool.get_max_size()):
                await taken.enter_async_context(pipeline.pool.acquire())
            with pytest.raises(UnavailableError):
                await pipeline.book(buyer, event, "1-1")
            assert unacknowledged.count == 0, "nothing was sent, so nobody will withdraw it"
        # The same writer serves this one, so it has done with the first.
        await wait_for(another_is_stored, bool)
    first = "SELECT count(*) FROM booking WHERE seat_positions = '{1-1}'"
    assert await pipeline.pool.fetchval(first) == 0


async def test_with_an_idempotency_key_it_stays_for_the_retry(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    async with impatient(pipeline) as unacknowledged:
        await book_too_late(pipeline, event, buyer, key="click")
        assert unacknowledged.count == 0

    again = await pipeline.book(buyer, event, "1-1", key="click")

    assert again.status is BookingStatus.PROCESSING
    assert await stored_count(pipeline, event) == 1


async def test_one_that_never_came_is_looked_for_a_bounded_number_of_times(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    async with impatient(pipeline) as unacknowledged:
        await book_too_late(pipeline, event, buyer)
        await pipeline.pool.execute("DELETE FROM booking WHERE event_id = $1", event.id)
        for _ in range(LOOK_COUNT_MAX):
            assert unacknowledged.count == 1
            await unacknowledged.look()
        assert unacknowledged.count == 0


async def test_whoever_gave_up_before_its_turn_is_never_stored(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    async with impatient(pipeline) as unacknowledged:
        async with inserts_wait(pipeline):
            # Both writers are under way with one each; the rest waits for them.
            first = [asyncio.create_task(pipeline.book(buyer, event)) for _ in range(2)]
            await asyncio.sleep(0)
            rest = [asyncio.create_task(pipeline.book(buyer, event)) for _ in range(20)]
            outcomes = await asyncio.gather(*first, *rest, return_exceptions=True)
        assert all(isinstance(outcome, UnavailableError) for outcome in outcomes)
        await wait_until_stored(pipeline, event)
        sent_count = unacknowledged.count
        while unacknowledged.count:
            await unacknowledged.look()
    assert await stored_count(pipeline, event) <= sent_count
    statuses = await pipeline.pool.fetch("SELECT DISTINCT status FROM booking")
    assert [row["status"] for row in statuses] == ["cancelled"]
