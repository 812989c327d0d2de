"""What a reader sees of a booking is of one moment."""

import asyncio

from onsale.service.ticketing.app.query.get_booking_use_case import GetBookingUseCase
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from tests.servers.waiting import eventually
from tests.support.pipeline import Pipeline


async def test_a_booking_is_shown_with_its_tickets_in_seat_order(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "2-3", "1-2", "1-1")
    waiting = await pipeline.book(buyer, event, "1-1")
    views = await pipeline.bookings.with_tickets([held.id, waiting.id])
    assert views[held.id].booking == held
    assert [(each.row, each.seat) for each in views[held.id].tickets] == [(1, 1), (1, 2), (2, 3)]
    assert {each.price for each in views[held.id].tickets} == {1_000}
    assert views[waiting.id].booking == await pipeline.booking(waiting.id)
    assert list(views[waiting.id].tickets) == []


async def test_a_booking_that_ends_while_it_is_read_is_shown_with_all_its_tickets_or_as_ended(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1", "1-2")
    read = GetBookingUseCase(pipeline.bookings, pipeline.catalog, pipeline.admit.codes)

    async def is_waited_for() -> bool:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(await pipeline.pool.fetchval(waiting))

    async with pipeline.pool.acquire() as ending, ending.transaction():
        # Whoever wants to know the tickets has to wait; the booking itself can be read.
        await ending.execute("LOCK TABLE booking_ticket IN ACCESS EXCLUSIVE MODE")
        reading = asyncio.create_task(read.execute(buyer, held.id))
        await eventually(is_waited_for)
        await ending.execute("DELETE FROM booking_ticket")
        await ending.execute(
            "UPDATE ticket SET status = 'available', booking_id = NULL, buyer_id = NULL,"
            " reserved_at = NULL"
        )
        await ending.execute("UPDATE booking SET status = 'cancelled', cancel_reason = 'buyer'")
    view = await reading
    assert view.booking.status is BookingStatus.CANCELLED
    assert list(view.tickets) == []
