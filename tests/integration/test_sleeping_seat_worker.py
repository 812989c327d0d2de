"""A seat worker that slept while its partitions went to another wakes up and goes on.

No broker can keep it from writing: it has its batch in hand, and the store does not know of leases.
What it does must be harmless because of what the messages and the stores say. (That its late commit
loses no message, on Kafka and on Redis Streams, is shown in ``tests/fault``.)
"""

from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"
SEATS = ("1-1", "1-2")


async def _bought_by_somebody_else(pipeline: Pipeline, event: Event) -> Booking:
    somebody = await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(somebody, event, *SEATS)
    await pipeline.pay.execute(somebody, held.id, CARD)
    await pipeline.settle()
    return held


async def _all_is_well(pipeline: Pipeline, event: Event, sold: Booking) -> None:
    await pipeline.settle()
    assert (await pipeline.booking(sold.id)).status is BookingStatus.COMPLETED
    counts = (await pipeline.store.counts(event.id))["A", 1]
    assert (counts.reserved, counts.sold) == (0, 2)
    assert await pipeline.differences(event.id) == []


async def _opened(pipeline: Pipeline) -> tuple[Event, Principal]:
    return await pipeline.open_event(), await pipeline.user(UserRole.BUYER)


async def test_it_fell_asleep_before_it_wrote_its_batch(pipeline: Pipeline) -> None:
    event, buyer = await _opened(pipeline)
    first = await pipeline.book(buyer, event, *SEATS)
    in_hand = await pipeline.commands()
    # Its successor gets the same batch, and then the seats change hands.
    await pipeline.apply_results.execute(await pipeline.decide(in_hand))
    await pipeline.cancel.execute(buyer, first.id)
    await pipeline.settle()
    sold = await _bought_by_somebody_else(pipeline, event)

    await pipeline.apply_results.execute(await pipeline.decide(in_hand))
    await _all_is_well(pipeline, event, sold)


async def test_it_fell_asleep_between_its_write_and_its_results(pipeline: Pipeline) -> None:
    event, buyer = await _opened(pipeline)
    first = await pipeline.book(buyer, event, *SEATS)
    commands = await pipeline.commands()
    unsent = await pipeline.decide(commands)
    await pipeline.apply_results.execute(await pipeline.decide(commands))
    await pipeline.cancel.execute(buyer, first.id)
    await pipeline.settle()
    sold = await _bought_by_somebody_else(pipeline, event)

    await pipeline.apply_results.execute(unsent)
    await _all_is_well(pipeline, event, sold)


async def test_it_wakes_with_a_release_of_seats_that_are_sold_by_now(pipeline: Pipeline) -> None:
    event, buyer = await _opened(pipeline)
    held = await pipeline.hold(buyer, event, *SEATS)
    await pipeline.cancel.execute(buyer, held.id)
    in_hand = await pipeline.commands()
    await pipeline.apply_results.execute(await pipeline.decide(in_hand))
    sold = await _bought_by_somebody_else(pipeline, event)

    await pipeline.apply_results.execute(await pipeline.decide(in_hand))
    await _all_is_well(pipeline, event, sold)


async def test_it_reads_ahead_of_its_successor(pipeline: Pipeline) -> None:
    """What it had fetched may be newer than what its successor has come to."""
    event, buyer = await _opened(pipeline)
    first = await pipeline.book(buyer, event, *SEATS)
    reserve = await pipeline.commands()
    await pipeline.apply_results.execute(await pipeline.decide(reserve))
    await pipeline.cancel.execute(buyer, first.id)
    release = await pipeline.commands()
    # The sleeper goes first with the later one; the earlier one comes again behind it.
    late = await pipeline.decide(release)
    late += await pipeline.decide(reserve)
    await pipeline.apply_results.execute(late)
    sold = await _bought_by_somebody_else(pipeline, event)
    await _all_is_well(pipeline, event, sold)


async def test_the_event_was_loaded_anew_meanwhile(pipeline: Pipeline) -> None:
    event, buyer = await _opened(pipeline)
    first = await pipeline.book(buyer, event, *SEATS)
    in_hand = await pipeline.commands()
    unsent = await pipeline.decide(in_hand)
    await pipeline.apply_results.execute(unsent)
    await pipeline.cancel.execute(buyer, first.id)
    assert await pipeline.load.execute(event.id, always=True)
    # Its memory of the event, a second long, would only bring one more command that is stale.
    pipeline.catalog.forget(event.id)
    await pipeline.settle()
    sold = await _bought_by_somebody_else(pipeline, event)

    await pipeline.apply_results.execute(await pipeline.decide(in_hand))
    await pipeline.apply_results.execute(unsent)
    await _all_is_well(pipeline, event, sold)
