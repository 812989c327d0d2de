"""What every reader of sales promises: figures of one event, and its taken tickets in order."""

import pytest

from onsale.service.shared_kernel.seating import SeatCounts
from onsale.service.ticketing.app.interface.i_sales import (
    SECONDS_TOLD,
    PlaceSales,
    SalesFigures,
    SeatKey,
    TakenTicket,
)
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event, TicketStatus
from tests.support.sold_event import Shop

A1, A2, B1 = ("A", 1), ("A", 2), ("B", 1)
UNTOUCHED = PlaceSales(SeatCounts(10, 0, 0, 0), revenue=0)
START = SeatKey("", 0, 0, 0)
# So late a booking may be counted on a busy machine.
SECONDS_MAX = 30


@pytest.fixture
async def event(shop: Shop) -> Event:
    """One event, beside another that sells as well."""
    other = await shop.event()
    await shop.sold(other, "1-1", "2-1")
    await shop.held(other, "1-2")
    return await shop.event()


async def all_taken(shop: Shop, event: Event, limit: int = 1_000) -> list[TakenTicket]:
    taken: list[TakenTicket] = []
    while page := await shop.sales.taken_tickets(
        event.id, after=taken[-1].seat if taken else START, limit=limit
    ):
        assert len(page) <= limit
        taken += page
    return taken


async def test_of_an_event_that_sold_nothing_every_place_is_told(shop: Shop, event: Event) -> None:
    assert await shop.sales.figures(event.id) == SalesFigures(
        dict.fromkeys((A1, A2, B1), UNTOUCHED), [0] * SECONDS_TOLD, refunds_due=0
    )
    assert await all_taken(shop, event) == []


async def test_seats_are_counted_by_state_and_what_is_sold_by_its_prices(
    shop: Shop, event: Event
) -> None:
    await shop.sold(event, "1-1", "2-1")
    await shop.sold(event, "1-5")
    await shop.held(event, "1-2", "1-3")
    await shop.held(event, "2-2", place=B1)
    await shop.block(event, "2-3", "2-4", "2-5")
    figures = await shop.sales.figures(event.id)
    assert figures.places == {
        A1: PlaceSales(SeatCounts(available=2, reserved=2, sold=3, blocked=3), revenue=6_000),
        A2: UNTOUCHED,
        B1: PlaceSales(SeatCounts(available=9, reserved=1, sold=0, blocked=0), revenue=0),
    }


async def test_seats_that_were_given_back_or_not_yet_given_are_available(
    shop: Shop, event: Event
) -> None:
    await shop.given_back(event, "1-1")
    await shop.booked(event, "1-2")
    assert (await shop.sales.figures(event.id)).places[A1] == UNTOUCHED
    assert await all_taken(shop, event) == []


async def test_bookings_are_counted_once_they_got_their_seats_whatever_became_of_them(
    shop: Shop, event: Event
) -> None:
    await shop.held(event, "1-1", "1-2")
    await shop.sold(event, "1-3")
    await shop.given_back(event, "1-4")
    await shop.booked(event, "1-5")
    seconds = (await shop.sales.figures(event.id)).bookings_by_second
    assert len(seconds) == SECONDS_TOLD
    assert sum(seconds) == sum(seconds[-SECONDS_MAX:]) == 3


async def test_what_was_paid_for_a_cancelled_event_is_due(shop: Shop, event: Event) -> None:
    await shop.sold(event, "1-1", "2-1")
    await shop.held(event, "2-2")
    assert (await shop.sales.figures(event.id)).refunds_due == 0
    await shop.call_off(event)
    assert (await shop.sales.figures(event.id)).refunds_due == 3_500


async def test_a_taken_ticket_tells_its_own_price_and_whose_booking_it_is(
    shop: Shop, event: Event
) -> None:
    sold = await shop.sold(event, "1-1", "2-1")
    held = await shop.held(event, "1-2", place=B1)
    await shop.block(event, "1-3")
    assert await all_taken(shop, event) == [
        TakenTicket(SeatKey(*A1, 1, 1), TicketStatus.SOLD, 2_500, sold.id, sold.created_at),
        TakenTicket(SeatKey(*A1, 2, 1), TicketStatus.SOLD, 1_000, sold.id, sold.created_at),
        TakenTicket(SeatKey(*B1, 1, 2), TicketStatus.RESERVED, 2_500, held.id, held.created_at),
    ]


async def test_taken_tickets_come_in_order_however_many_are_asked_for(
    shop: Shop, event: Event
) -> None:
    await shop.held(event, "2-5", "1-5", "2-1", "1-1")
    await shop.held(event, "1-3", place=B1)
    await shop.held(event, "1-2", place=A2)
    expected = [
        *(SeatKey(*A1, row, seat) for row in (1, 2) for seat in (1, 5)),
        SeatKey(*A2, 1, 2),
        SeatKey(*B1, 1, 3),
    ]
    for limit in range(1, 8):
        assert [ticket.seat for ticket in await all_taken(shop, event, limit)] == expected
    # A seat that nobody has is as good a mark as any.
    behind = await shop.sales.taken_tickets(event.id, after=SeatKey(*A1, 1, 4), limit=2)
    assert [ticket.seat for ticket in behind] == expected[1:3]
