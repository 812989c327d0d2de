"""A cancelled event: each booking ends, and what was paid goes back exactly once."""

import asyncio

import pytest

from onsale.service.ticketing.app.interface.i_payment_gateway import Captured
from onsale.service.ticketing.domain.entity.booking_entity import (
    Booking,
    BookingStatus,
    CancelReason,
)
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event, EventStatus
from onsale.service.ticketing.domain.exceptions import (
    BookingNotPayableError,
    EventCancelledError,
    EventNotOnSaleError,
    ForbiddenRoleError,
    NotOwnerError,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_event_writer import (
    AsyncpgEventWriter,
)
from tests.integration.test_blocked_seats import seller_of
from tests.support.crash_stage import Stage, crash_everywhere, everything_else_goes_on
from tests.support.money import (
    CARD,
    clear_up,
    make_refunds_due,
    money_kept,
    orphan_attempts,
    refunds,
    times_taken,
)
from tests.support.pipeline import Pipeline

CALLED_OFF = (BookingStatus.CANCELLED, CancelReason.EVENT_CANCELLED)


@pytest.fixture
async def event(pipeline: Pipeline) -> Event:
    return await pipeline.open_event()


@pytest.fixture
async def buyer(pipeline: Pipeline) -> Principal:
    return await pipeline.user(UserRole.BUYER)


async def call_off(pipeline: Pipeline, event: Event) -> None:
    cancelled = await pipeline.cancel_event.execute(seller_of(event), event.id)
    assert cancelled.status is EventStatus.CANCELLED


async def come_to_rest(pipeline: Pipeline, event: Event) -> None:
    """What the workers do until nothing is left to do."""
    while await pipeline.end_cancelled_events.execute():
        pass
    await pipeline.settle()
    await pipeline.load.execute(event.id)
    await pipeline.settle()
    while await pipeline.resend.execute():
        await pipeline.settle()
    await make_refunds_due(pipeline)
    while await pipeline.refund_payments.execute():
        pass


async def how_it_ended(pipeline: Pipeline, *bookings: Booking) -> set[tuple[object, object]]:
    found = await pipeline.bookings.by_ids([booking.id for booking in bookings])
    return {(found[each.id].status, found[each.id].cancel_reason) for each in bookings}


async def pay(pipeline: Pipeline, buyer: Principal, booking: Booking) -> Booking:
    return await pipeline.pay.execute(buyer, booking.id, CARD)


async def is_owed(pipeline: Pipeline, event: Event) -> bool:
    query = "SELECT cancellation_owed FROM event WHERE id = $1"
    return bool(await pipeline.pool.fetchval(query, event.id))


async def test_each_booking_ends_and_each_payment_goes_back_once(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    completed = await pipeline.hold(buyer, event, "1-1", "1-2")
    await pay(pipeline, buyer, completed)
    await pipeline.settle()
    held = await pipeline.hold(buyer, event, "2-1")
    paid = await pipeline.hold(buyer, event, "3-1")
    attempt = await pipeline.pay._open_attempt(buyer, paid.id)
    await pipeline.gateway.authorize(attempt.id, amount=1_000, currency="USD", card_number=CARD)
    outcome = await pipeline.gateway.capture(attempt.id)
    assert isinstance(outcome, Captured)
    # Its process dies before the tickets are sold.
    await pipeline.unit_of_work.run(
        lambda transaction: pipeline.payment_ledger._capture(
            transaction, attempt, outcome.payment_id
        )
    )
    assert (await pipeline.booking(paid.id)).status is BookingStatus.PAID
    cancelled = await pipeline.hold(buyer, event, "4-1")
    await pipeline.cancel.execute(buyer, cancelled.id)
    await pipeline.settle()
    processing = await pipeline.book(buyer, event, "5-1")

    await call_off(pipeline, event)
    assert (await pipeline.sales.figures(event.id)).refunds_due == 3_000
    while await pipeline.end_cancelled_events.execute():
        pass
    figures = await pipeline.sales.figures(event.id)
    assert (figures.refunds_due, figures.places["A", 1].revenue) == (3_000, 0), "owed, not given"
    await come_to_rest(pipeline, event)

    assert await how_it_ended(pipeline, completed, held, paid, processing) == {CALLED_OFF}
    ended = await pipeline.booking(cancelled.id)
    assert ended.cancel_reason is CancelReason.BUYER, "what was over stays as it was"
    assert sorted(await refunds(pipeline)) == [
        ("event_cancelled", "done", 1_000),
        ("event_cancelled", "done", 2_000),
    ]
    assert [await money_kept(pipeline, each.id) for each in (completed, paid, held)] == [0, 0, 0]
    figures = await pipeline.sales.figures(event.id)
    assert figures.refunds_due == 0
    assert figures.places["A", 1].counts.available == 50
    assert not await is_owed(pipeline, event)
    assert await pipeline.differences(event.id) == []
    await come_to_rest(pipeline, event)
    assert len(await refunds(pipeline)) == 2


async def test_a_cancelled_event_takes_no_bookings_and_changes_no_more(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    seller = seller_of(event)
    with pytest.raises(ForbiddenRoleError):
        await pipeline.cancel_event.execute(buyer, event.id)
    other = await pipeline.user(UserRole.SELLER)
    with pytest.raises(NotOwnerError):
        await pipeline.cancel_event.execute(other, event.id)
    await call_off(pipeline, event)
    with pytest.raises(EventNotOnSaleError):
        await pipeline.book(buyer, event)
    with pytest.raises(EventCancelledError):
        await pipeline.cancel_event.execute(seller, event.id)
    await come_to_rest(pipeline, event)
    followed = await pipeline.upkeep.follow_seats([event.id])
    assert not followed.changed, "its seats do not open it again"
    current = await pipeline.events.by_id(event.id)
    assert current is not None
    assert current.status is EventStatus.CANCELLED


async def test_a_change_that_comes_as_the_event_is_cancelled_is_refused(
    pipeline: Pipeline, event: Event
) -> None:
    """It was looked at before, and on sale then."""
    await call_off(pipeline, event)
    with pytest.raises(EventCancelledError):
        await AsyncpgEventWriter(pipeline.pool).change(event.id, {"is_active": False})
    current = await pipeline.events.by_id(event.id)
    assert current is not None
    assert current.details.is_active


async def test_of_two_at_once_one_cancels(pipeline: Pipeline, event: Event) -> None:
    outcomes = await asyncio.gather(
        *(pipeline.cancel_event.execute(seller_of(event), event.id) for _ in range(5)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "Event",
        *["EventCancelledError"] * 4,
    ]


async def test_the_insert_itself_refuses_a_cancelled_event(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    await pipeline.catalog.get(event.id)
    await pipeline.pool.execute(
        "UPDATE event SET status = 'cancelled', cancelled_at = now() WHERE id = $1", event.id
    )
    with pytest.raises(EventNotOnSaleError):  # the catalog still believes in it
        await pipeline.book(buyer, event)


async def test_a_hold_of_a_cancelled_event_takes_no_money_any_more(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    held = await pipeline.hold(buyer, event)
    await call_off(pipeline, event)
    with pytest.raises(BookingNotPayableError):
        await pay(pipeline, buyer, held)
    assert await times_taken(pipeline, held.id) == 0


@pytest.mark.parametrize("how", ["its request goes on", "its process died"])
async def test_a_payment_that_is_under_way_is_settled_first(
    pipeline: Pipeline, event: Event, buyer: Principal, how: str
) -> None:
    held = await pipeline.hold(buyer, event)
    attempt = await pipeline.pay._open_attempt(buyer, held.id)
    await pipeline.gateway.authorize(attempt.id, amount=1_000, currency="USD", card_number=CARD)
    assert await pipeline.payment_ledger.record_authorized(attempt)
    await call_off(pipeline, event)
    await come_to_rest(pipeline, event)
    assert (await pipeline.booking(held.id)).status is BookingStatus.PENDING_PAYMENT
    assert await is_owed(pipeline, event)

    if how == "its request goes on":
        await pipeline.payment_ledger.record(attempt, await pipeline.gateway.capture(attempt.id))
    else:
        await orphan_attempts(pipeline)
        await pipeline.settle_payments.execute()
    await come_to_rest(pipeline, event)
    assert await how_it_ended(pipeline, held) == {CALLED_OFF}
    assert await times_taken(pipeline, held.id) == 1
    assert await money_kept(pipeline, held.id) == 0
    assert not await is_owed(pipeline, event)
    assert await pipeline.differences(event.id) == []


async def test_a_payment_that_begins_while_bookings_are_claimed_keeps_its_own(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    """It began before the event was cancelled and is committed between the claim and its locks."""
    held = await pipeline.hold(buyer, event)
    await call_off(pipeline, event)
    async with pipeline.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM booking WHERE id = $1 FOR UPDATE", held.id)
        assert not await pipeline.end_cancelled_events.execute()
        assert await is_owed(pipeline, event), "a booking in other hands is not forgotten"
        await connection.execute(
            "INSERT INTO payment_attempt (id, booking_id, amount, currency)"
            " VALUES (gen_random_uuid(), $1, 1000, 'USD')",
            held.id,
        )
    assert not await pipeline.end_cancelled_events.execute()
    assert (await pipeline.booking(held.id)).status is BookingStatus.PENDING_PAYMENT


async def test_a_booking_that_was_stored_too_late_to_be_seen_gets_no_seats(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    """Its INSERT began before the event was cancelled, and ended after all others had ended."""
    booking = await pipeline.book(buyer, event, "1-1")
    commands = await pipeline.commands()
    await pipeline.pool.execute(
        "UPDATE event SET status = 'cancelled', cancelled_at = now() WHERE id = $1", event.id
    )
    await pipeline.apply_results.execute(await pipeline.decide(commands))
    await everything_else_goes_on(Stage(pipeline, event, buyer))
    assert await how_it_ended(pipeline, booking) == {CALLED_OFF}
    assert await pipeline.differences(event.id) == []


async def test_what_was_sold_so_long_ago_that_the_store_forgot_it_is_free_again(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    booking = await pipeline.hold(buyer, event, "1-1")
    await pay(pipeline, buyer, booking)
    await pipeline.settle()
    for key in await pipeline.redis.keys(f"answers:{{e{event.id}}}:*"):
        await pipeline.redis.delete(key)
    await call_off(pipeline, event)
    await come_to_rest(pipeline, event)
    assert await pipeline.differences(event.id) == []


async def test_a_draft_that_is_cancelled_never_opens(pipeline: Pipeline, event: Event) -> None:
    await pipeline.pool.execute("UPDATE event SET status = 'draft', load_owed = true")
    await call_off(pipeline, event)
    await come_to_rest(pipeline, event)
    await pipeline.load.execute(event.id, always=True)
    current = await pipeline.events.by_id(event.id)
    assert current is not None
    assert current.status is EventStatus.CANCELLED


async def test_verification_tells_of_a_cancelled_event_that_kept_a_booking(
    pipeline: Pipeline, event: Event, buyer: Principal
) -> None:
    await pipeline.hold(buyer, event)
    await call_off(pipeline, event)
    assert await pipeline.differences(event.id) == [], "it is still being ended"
    await pipeline.pool.execute("UPDATE event SET cancellation_owed = false")
    assert len(await pipeline.differences(event.id)) == 1


async def test_bookings_end_and_money_goes_back_wherever_a_worker_dies(pipeline: Pipeline) -> None:
    buyer = await pipeline.user(UserRole.BUYER)
    stage = Stage(pipeline, await pipeline.open_event(rows=20, seats_per_row=20), buyer)
    held: list[Booking] = []

    async def prepare(stage: Stage) -> None:
        # An event is cancelled once, so that there is another for each time.
        stage.event = await pipeline.open_event()
        await stage.hold()
        await pay(pipeline, stage.buyer, stage.booked)
        await pipeline.settle()
        held[:] = [await pipeline.hold(stage.buyer, stage.event)]
        await call_off(pipeline, stage.event)

    async def end(_stage: Stage, pipeline: Pipeline, _key: str) -> None:
        await pipeline.end_cancelled_events.execute()
        assert await pipeline.refund_payments.execute() == 1

    async def afterwards(stage: Stage, _key: str) -> None:
        while await pipeline.end_cancelled_events.execute():
            pass
        await everything_else_goes_on(stage)
        await pipeline.load.execute(stage.event.id)
        await everything_else_goes_on(stage)
        await clear_up(pipeline)
        assert await how_it_ended(pipeline, stage.booked, *held) == {CALLED_OFF}
        assert await times_taken(pipeline, stage.booked.id) == 1
        assert await money_kept(pipeline, stage.booked.id) == 0
        assert (
            await pipeline.pool.fetchval(
                "SELECT count(*) FROM mock_gateway_refund JOIN payment_refund"
                " ON payment_refund.id = mock_gateway_refund.key WHERE booking_id = $1",
                stage.booked.id,
            )
            == 1
        )
        assert not await is_owed(pipeline, stage.event)
        assert await pipeline.differences(stage.event.id) == []

    points = await crash_everywhere(stage, prepare, end, afterwards)
    assert "after unit_of_work.run" in points
    assert "after gateway.refund" in points
