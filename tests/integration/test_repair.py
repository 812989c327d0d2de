"""The seat store is brought back from the ledger, whatever happened to it, while sales go on."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from onsale.service.shared_kernel.seat_messages import SeatsReserved, SeatStateStale
from onsale.service.ticketing.app.command.rebuild_event_seats_use_case import EventIsDraftError
from onsale.service.ticketing.app.query import verify_event_use_case
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event, EventStatus
from onsale.service.ticketing.domain.exceptions import EventNotFoundError
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"

Harm = Callable[[Pipeline, Event], Awaitable[object]]


async def _delete(pipeline: Pipeline, pattern: str) -> None:
    keys = await pipeline.redis.keys(pattern)
    assert keys, f"there is no key {pattern} to lose"
    await pipeline.redis.delete(*keys)


async def _offer_a_taken_seat(pipeline: Pipeline, event: Event) -> None:
    key = f"seats:{{e{event.id}}}:A-1"
    bitmap = await pipeline.redis.get(key)
    assert isinstance(bitmap, bytes)
    await pipeline.redis.set(key, b"\0" + bitmap[1:])


HARMS: dict[str, Harm] = {
    "wiped": lambda pipeline, _: pipeline.redis.flushall(),
    "one bitmap lost": lambda pipeline, _: _delete(pipeline, "seats:*A-1"),
    "one layout lost": lambda pipeline, _: _delete(pipeline, "layout:*A-2"),
    "the answers lost": lambda pipeline, _: _delete(pipeline, "answers:*"),
    "the counters lost": lambda pipeline, _: _delete(pipeline, "stats:*"),
    "a bitmap cut short": lambda pipeline, event: pipeline.redis.set(
        f"seats:{{e{event.id}}}:A-1", b"\0"
    ),
    "taken seats on offer": _offer_a_taken_seat,
    "another epoch": lambda pipeline, event: pipeline.pool.execute(
        "UPDATE event SET epoch = epoch + 1 WHERE id = $1", event.id
    ),
}


@pytest.fixture
async def sold(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Booking]:
    """An event of two subsections with a hold in the first and a completed booking."""
    monkeypatch.setattr(verify_event_use_case, "LOOK_INTERVAL_SECONDS", 0.01)
    event, buyer = await pipeline.open_event(subsections=2), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1", "1-2")
    completed = await pipeline.hold(buyer, event, "2-1", "2-2")
    await pipeline.pay.execute(buyer, completed.id, CARD)
    await pipeline.settle()
    assert await pipeline.differences(event.id) == []
    return event, held


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
async def test_a_rebuild_restores_whatever_was_lost(
    pipeline: Pipeline, sold: tuple[Event, Booking], harm: Harm
) -> None:
    event, held = sold
    await harm(pipeline, event)
    assert await pipeline.differences(event.id)
    loaded = await pipeline.rebuild.execute(event.id)
    assert (loaded.seat_count, loaded.epoch > event.epoch) == (100, True)
    assert await pipeline.differences(event.id) == []
    await _sells_on(pipeline, event, held)


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
async def test_repair_cures_the_store_and_says_what_it_did(
    pipeline: Pipeline, sold: tuple[Event, Booking], harm: Harm
) -> None:
    event, held = sold
    await harm(pipeline, event)
    repair = await pipeline.repair.execute(event.id, quiet_seconds_max=0)
    assert repair.before.store_differences
    assert not repair.before.contradictions
    assert repair.loaded is not None
    assert (list(repair.after.differences), repair.refusal) == ([], None)
    await _sells_on(pipeline, event, held)


async def _sells_on(pipeline: Pipeline, event: Event, held: Booking) -> None:
    """What is held is refused to others, can be given back, and is then sold again."""
    pipeline.catalog.forget(event.id)  # as the notice of a load tells the API to
    other = await pipeline.user(UserRole.BUYER)
    refused = await pipeline.hold(other, event, "1-1")
    assert (refused.status, refused.failure_reason) == (BookingStatus.FAILED, "seat_conflict")
    owner = await pipeline.user(UserRole.BUYER)
    await pipeline.pool.execute(
        "UPDATE booking SET buyer_id = $1 WHERE id = $2", owner.user_id, held.id
    )
    await pipeline.cancel.execute(owner, held.id)
    await pipeline.settle()
    sold = await pipeline.hold(other, event, "1-1")
    assert sold.status is BookingStatus.PENDING_PAYMENT
    assert await pipeline.differences(event.id) == []


async def test_nothing_to_repair_changes_nothing(
    pipeline: Pipeline, sold: tuple[Event, Booking]
) -> None:
    event, _ = sold
    repair = await pipeline.repair.execute(event.id, quiet_seconds_max=0)
    assert (repair.loaded, repair.hurried_count, repair.before) == (None, 0, repair.after)
    unchanged = await pipeline.events.by_id(event.id)
    assert unchanged is not None
    assert unchanged.epoch == event.epoch


@pytest.mark.parametrize(
    ("contradiction", "is_rebuilt"),
    [
        ("UPDATE booking SET total_price = 1 WHERE id = $1", True),
        ("UPDATE booking SET seat_positions = '{1-1,5-5}' WHERE id = $1", False),
    ],
    ids=["the store can follow", "no store could follow"],
)
async def test_repair_never_guesses_which_row_of_the_ledger_is_right(
    pipeline: Pipeline, sold: tuple[Event, Booking], contradiction: str, *, is_rebuilt: bool
) -> None:
    event, held = sold
    await pipeline.pool.execute(contradiction, held.id)
    await pipeline.redis.flushall()
    before = await _ledger(pipeline)
    repair = await pipeline.repair.execute(event.id, quiet_seconds_max=0)
    assert repair.after.contradictions
    assert (repair.loaded is not None, repair.refusal is None) == (is_rebuilt, is_rebuilt)
    assert bool(repair.after.store_differences) is not is_rebuilt
    assert await _ledger(pipeline) == before


async def _ledger(pipeline: Pipeline) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for table in ("ticket", "booking", "booking_ticket", "payment_attempt"):
        found = await pipeline.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")  # noqa: S608
        rows += [tuple(row) for row in found]
    return rows


async def test_commands_that_nobody_answered_are_due_at_once(
    pipeline: Pipeline, sold: tuple[Event, Booking]
) -> None:
    event, _ = sold
    stuck = await pipeline.book(await pipeline.user(UserRole.BUYER), event, "4-1")
    young = await pipeline.book(await pipeline.user(UserRole.BUYER), event, "4-2")
    await pipeline.commands()  # lost
    await pipeline.pool.execute(
        "UPDATE booking SET send_count = 7, next_send_at = now() + interval '9 min' WHERE id = $1",
        stuck.id,
    )
    repair = await pipeline.repair.execute(event.id, quiet_seconds_max=0)
    assert repair.hurried_count == 1, "the young one is on its way for all that is known"
    assert repair.loaded is None
    assert await pipeline.resend.execute() == 1
    await pipeline.settle()
    assert (await pipeline.booking(stuck.id)).status is BookingStatus.PENDING_PAYMENT
    assert (await pipeline.booking(young.id)).status is BookingStatus.PROCESSING


async def test_what_was_on_its_way_while_the_store_was_wiped_settles_once(
    pipeline: Pipeline, sold: tuple[Event, Booking]
) -> None:
    event, _ = sold
    buyer = await pipeline.user(UserRole.BUYER)
    decided = await pipeline.book(buyer, event, "3-1", "3-2")
    late_results = await pipeline.decide(await pipeline.commands())
    assert isinstance(late_results[0], SeatsReserved)
    waiting = await pipeline.book(buyer, event, "3-3")
    await pipeline.redis.flushall()

    stale = await pipeline.decide(await pipeline.commands())
    assert [type(result) for result in stale] == [SeatStateStale], "nothing is taken for empty"
    await pipeline.apply_results.execute(stale)
    assert await pipeline.load.execute(event.id), "the stale answer has asked for it"
    # The seats were decided before the wipe, and the answer comes after the rebuild.
    await pipeline.apply_results.execute(late_results)
    await pipeline.resend.execute()
    await pipeline.settle()
    for booking, seats in ((decided, ("3-1", "3-2")), (waiting, ("3-3",))):
        settled = await pipeline.booking(booking.id)
        assert (settled.status, settled.seat_positions) == (BookingStatus.PENDING_PAYMENT, seats)
    assert await pipeline.differences(event.id) == []


async def test_rebuilds_while_bookings_are_applied_lose_none(
    pipeline: Pipeline, sold: tuple[Event, Booking]
) -> None:
    event, _ = sold
    buyer = await pipeline.user(UserRole.BUYER)
    bookings = []
    for number in range(12):
        bookings.append(await pipeline.book(buyer, event, quantity=2, subsection=2))
        results = await pipeline.decide(await pipeline.commands())
        if number % 3 == 0:
            await pipeline.redis.flushall()
        await asyncio.gather(
            pipeline.apply_results.execute(results), pipeline.rebuild.execute(event.id)
        )
    await pipeline.resend.execute()
    await pipeline.settle()
    settled = [await pipeline.booking(booking.id) for booking in bookings]
    assert {booking.status for booking in settled} == {BookingStatus.PENDING_PAYMENT}
    seats = [seat for booking in settled for seat in booking.seat_positions]
    assert len(seats) == len(set(seats)) == 24
    assert await pipeline.differences(event.id) == []


async def test_a_draft_is_not_opened_by_a_rebuild(pipeline: Pipeline) -> None:
    event = await pipeline.open_event()
    await pipeline.pool.execute("UPDATE event SET status = 'draft', load_owed = true")
    with pytest.raises(EventIsDraftError):
        await pipeline.rebuild.execute(event.id)
    draft = await pipeline.events.by_id(event.id)
    assert draft is not None
    assert (draft.status, draft.epoch) == (EventStatus.DRAFT, event.epoch)


async def test_an_unknown_event_is_not_rebuilt(pipeline: Pipeline) -> None:
    with pytest.raises(EventNotFoundError):
        await pipeline.rebuild.execute(999)
