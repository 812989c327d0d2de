"""Bookings with rules for their seats on their way through both services."""

from onsale.service.shared_kernel.seat_messages import ReserveSeats, ReserveSeatsByRules
from onsale.service.shared_kernel.seat_rules import SeatRules
from onsale.service.shared_kernel.seating import PriceCategory
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.value_object.seating_config import Rectangle
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"
HALL = Rectangle(
    1,
    3,
    4,
    price_categories=(PriceCategory("front", 2_500, 1, 1), PriceCategory("rear", 700, 3, 3)),
    accessible=("1-1", "2-1"),
    companion=("2-2",),
)


async def test_each_seat_is_sold_at_its_own_price(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(rectangle=HALL), await pipeline.user(UserRole.BUYER)
    named = await pipeline.book(buyer, event, "1-4", "2-4", "3-4")
    rear = await pipeline.book(buyer, event, quantity=3, price_category="rear")
    # Three plain seats are left in the first row and the second, each row at its own price.
    rest = await pipeline.book(buyer, event, quantity=3)
    assert (named.total_price, rear.total_price, rest.total_price) == (4_200, 2_100, 3_000)
    await pipeline.settle()
    held = [await pipeline.booking(each.id) for each in (named, rear, rest)]
    assert [each.status for each in held] == [BookingStatus.PENDING_PAYMENT] * 3
    assert [each.total_price for each in held] == [4_200, 2_100, 6_000]
    assert held[1].seat_positions == ("3-1", "3-2", "3-3")
    assert held[2].seat_positions == ("1-2", "1-3", "2-3")
    for each in held:
        await pipeline.pay.execute(buyer, each.id, CARD)
    await pipeline.settle()
    assert await pipeline.differences(event.id) == []
    await pipeline.pool.execute("UPDATE ticket SET price = 1000 WHERE row_number = 1")
    found = await pipeline.differences(event.id)
    assert sum("row 1 of section A costs 2500" in each for each in found) == 4


async def test_plain_best_available_leaves_the_seats_that_are_set_aside(
    pipeline: Pipeline,
) -> None:
    event, buyer = await pipeline.open_event(rectangle=HALL), await pipeline.user(UserRole.BUYER)
    for _ in range(3):
        await pipeline.book(buyer, event, quantity=3)
    too_many = await pipeline.hold(buyer, event)
    assert (too_many.status, too_many.failure_reason) == (BookingStatus.FAILED, "sold_out")
    wheelchair = await pipeline.book(buyer, event, quantity=2, accessible_seats=1)
    await pipeline.settle()
    assert (await pipeline.booking(wheelchair.id)).seat_positions == ("2-1", "2-2")
    assert (await pipeline.hold(buyer, event, "1-1")).seat_positions == ("1-1",)
    assert await pipeline.differences(event.id) == []


async def test_rules_are_sent_again_with_their_reserve(pipeline: Pipeline) -> None:
    """The first message was lost; the row alone knows what was asked for."""
    event, buyer = await pipeline.open_event(rectangle=HALL), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, quantity=2, price_category="rear")
    (lost,) = await pipeline.commands()
    await pipeline.pool.execute("UPDATE booking SET next_send_at = now()")
    assert await pipeline.resend.execute() == 1
    (again,) = await pipeline.commands()
    assert again == lost
    assert isinstance(again, ReserveSeatsByRules)
    assert again.rules == SeatRules(rows=(3, 3), accessible=((0, 0), (4, 4)), companion=((5, 5),))
    await pipeline.apply_results.execute(await pipeline.decide([again]))
    assert (await pipeline.booking(booking.id)).seat_positions == ("3-1", "3-2")


async def test_a_booking_of_an_ordinary_hall_stores_and_sends_no_rules(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.book(buyer, event, quantity=2)
    await pipeline.book(buyer, event, "3-2")
    assert {type(command) for command in await pipeline.commands()} == {ReserveSeats}
    assert await pipeline.pool.fetchval("SELECT count(seat_rules) FROM booking") == 0


async def test_what_leaves_a_seat_alone_fails_and_says_why(pipeline: Pipeline) -> None:
    event = await pipeline.open_event(rectangle=HALL, leave_no_single_seats=True)
    buyer = await pipeline.user(UserRole.BUYER)
    refused = await pipeline.hold(buyer, event, "3-2")
    assert (refused.status, refused.failure_reason) == (BookingStatus.FAILED, "orphan_seat")
    kept = await pipeline.hold(buyer, event, "3-1")
    assert kept.status is BookingStatus.PENDING_PAYMENT
    assert await pipeline.differences(event.id) == []


async def test_halls_with_kinds_are_rebuilt_from_the_ledger(pipeline: Pipeline) -> None:
    event = await pipeline.open_event(rectangle=HALL, leave_no_single_seats=True)
    buyer = await pipeline.user(UserRole.BUYER)
    await pipeline.hold(buyer, event, quantity=3)
    await pipeline.redis.flushall()
    assert await pipeline.differences(event.id) != []
    await pipeline.load.execute(event.id, always=True)
    pipeline.catalog.forget(event.id)
    assert await pipeline.differences(event.id) == []
    assert (await pipeline.hold(buyer, event, quantity=2)).seat_positions == ("2-3", "2-4")
