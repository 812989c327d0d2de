"""Sales figures and the list of tickets, against the ledger itself."""

import time
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from uuid_utils.compat import uuid7

from onsale.service.shared_kernel.seating import SeatCounts
from onsale.service.ticketing.app.query import export_tickets_use_case
from onsale.service.ticketing.app.query.export_tickets_use_case import ExportTicketsUseCase
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.driving_adapter.schema import ticket_csv
from tests.integration.test_blocked_seats import come_to_rest, seller_of, set_blocked
from tests.support.money import CARD
from tests.support.pipeline import Pipeline


@pytest.fixture
async def buyer(pipeline: Pipeline) -> Principal:
    return await pipeline.user(UserRole.BUYER)


async def sell_some(pipeline: Pipeline, event: Event, buyer: Principal) -> None:
    """Of 100 seats: 3 sold, 2 held, 4 blocked, and some that were given back."""
    sold = await pipeline.hold(buyer, event, "1-1", "1-2", "1-3")
    await pipeline.pay.execute(buyer, sold.id, CARD)
    await pipeline.hold(buyer, event, "2-1", "2-2")
    given_back = await pipeline.hold(buyer, event, "3-1")
    await pipeline.cancel.execute(buyer, given_back.id)
    await pipeline.settle()
    await set_blocked(pipeline, event, "5-1", "5-2", "5-3", "5-4", subsection=2)
    await come_to_rest(pipeline, event)


async def test_the_figures_are_those_of_the_tickets(pipeline: Pipeline, buyer: Principal) -> None:
    event = await pipeline.open_event(subsections=2)
    await sell_some(pipeline, event, buyer)
    await sell_some(pipeline, await pipeline.open_event(subsections=2), buyer)
    figures = await pipeline.sales.figures(event.id)
    assert {place: each.counts for place, each in figures.places.items()} == {
        ("A", 1): SeatCounts(available=45, reserved=2, sold=3, blocked=0),
        ("A", 2): SeatCounts(available=46, reserved=0, sold=0, blocked=4),
    }
    assert [each.revenue for _, each in sorted(figures.places.items())] == [3_000, 0]
    assert figures.refunds_due == 0
    assert {place: each.counts for place, each in figures.places.items()} == dict(
        await pipeline.store.counts(event.id)
    )


async def test_bookings_are_told_by_the_second_in_which_they_got_their_seats(
    pipeline: Pipeline, buyer: Principal
) -> None:
    event = await pipeline.open_event()
    bookings = [await pipeline.hold(buyer, event) for _ in range(5)]
    await pipeline.pay.execute(buyer, bookings[0].id, CARD)
    await pipeline.cancel.execute(buyer, bookings[1].id)
    await pipeline.book(buyer, event)  # has no seats yet
    seconds = (await pipeline.sales.figures(event.id)).bookings_by_second
    assert len(seconds) == 60
    assert sum(seconds[-30:]) == 5
    for booking, ago in zip(bookings, (1.5, 1.7, 30.5, 58.5, 61), strict=True):
        await pipeline.pool.execute(
            "UPDATE booking SET expires_at = now() + interval '10 minutes' - $2 * interval '1 s'"
            " WHERE id = $1",
            booking.id,
            ago,
        )
    seconds = (await pipeline.sales.figures(event.id)).bookings_by_second
    counts = {60 - index: count for index, count in enumerate(seconds) if count}
    # Another second may have begun between the two statements.
    assert counts in ({2: 2, 31: 1, 59: 1}, {2: 1, 3: 1, 31: 1, 59: 1}, {3: 2, 32: 1, 60: 1})


async def test_a_booking_that_waited_long_for_its_seats_is_told_when_it_has_them(
    pipeline: Pipeline, buyer: Principal
) -> None:
    """Which bookings are looked at follows from when they were made, as their ids tell."""
    event = await pipeline.open_event()
    made_at = time.time_ns() - 14 * 60 * 10**9
    late = replace(
        pipeline,
        create_booking=replace(pipeline.create_booking, new_id=lambda: uuid7(nanoseconds=made_at)),
    )
    await late.hold(buyer, event)
    assert sum((await pipeline.sales.figures(event.id)).bookings_by_second) == 1


async def exported(pipeline: Pipeline, event: Event) -> AsyncIterator[bytes]:
    export = await ExportTicketsUseCase(pipeline.catalog, pipeline.sales).execute(
        seller_of(event), event.id
    )
    async for page in export.pages:
        yield ticket_csv.lines(page, "USD")


@pytest.mark.parametrize("page_count_max", [1, 2, 5, 1_000])
async def test_every_taken_ticket_stands_in_the_list_once_and_in_order(
    pipeline: Pipeline,
    buyer: Principal,
    page_count_max: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export_tickets_use_case, "PAGE_COUNT_MAX", page_count_max)
    event = await pipeline.open_event(subsections=2)
    await sell_some(pipeline, event, buyer)
    await pipeline.hold(buyer, event, "2-10", subsection=2)
    text = b"".join([chunk async for chunk in exported(pipeline, event)]).decode()
    lines = [line.split(",") for line in text.splitlines()]
    assert [line[:6] for line in lines] == [
        *(["A", "1", "1", seat, "sold", "1000"] for seat in ("1", "2", "3")),
        *(["A", "1", "2", seat, "reserved", "1000"] for seat in ("1", "2")),
        ["A", "2", "2", "10", "reserved", "1000"],
    ]


async def test_a_large_hall_is_listed_with_little_in_memory(
    pipeline: Pipeline, buyer: Principal
) -> None:
    """60,000 tickets: some six megabytes of text, and far more as rows."""
    event = await pipeline.open_event(rows=100, seats_per_row=100, subsections=6)
    booking = await pipeline.book(buyer, event)
    await pipeline.pool.execute(
        "UPDATE ticket SET status = 'sold', booking_id = $2, buyer_id = $3 WHERE event_id = $1",
        *(event.id, booking.id, buyer.user_id),
    )
    line_count = size = 0
    tracemalloc.start()
    try:
        async for chunk in exported(pipeline, event):
            line_count += chunk.count(b"\n")
            size += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert line_count == 60_000
    assert size > 4_000_000
    assert peak < size / 2
