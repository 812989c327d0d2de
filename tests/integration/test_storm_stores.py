"""The storm's own reading of the stores, on a sale that really took place."""

from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from storm.checker.check import check
from storm.checker.violation import Verdict
from storm.final_state import FinalState
from storm.stores import Stores
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"


@pytest.fixture
def stores(database_url: str, redis_url: str) -> Stores:
    return Stores(database_url, redis_url)


@pytest.fixture
async def sold(pipeline: Pipeline) -> tuple[Event, Booking]:
    """An event with one completed booking and one hold."""
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    completed = await pipeline.hold(buyer, event, "1-1", "1-2")
    await pipeline.pay.execute(buyer, completed.id, CARD)
    held = await pipeline.hold(buyer, event, "2-1")
    await pipeline.settle()
    return event, held


async def test_a_sale_at_rest_shows_no_contradiction(
    stores: Stores, sold: tuple[Event, Booking]
) -> None:
    event, held = sold
    _, unfinished = await stores.rest([event.id], seconds_max=5)
    assert unfinished == []
    state = await state_of(stores, event)
    assert {booking.status for booking in state.bookings} == {"completed", "pending_payment"}
    assert [charge.taken for charge in state.charges] == [
        booking.total_price for booking in state.bookings if booking.status == "completed"
    ]
    assert str(held.id) in {
        booking_id for place in state.places.values() for booking_id in place.holds
    }
    assert contradictions(state) == set()


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE booking SET seat_positions = '{1-1}' WHERE id = $1",
        "UPDATE booking SET total_price = total_price + 1 WHERE id = $1",
        "DELETE FROM booking_ticket WHERE booking_id = $1",
        "UPDATE ticket SET status = 'sold' WHERE booking_id = $1",
    ],
)
async def test_what_is_wrong_in_the_tables_is_seen(
    stores: Stores, sold: tuple[Event, Booking], database_url: str, harm: str
) -> None:
    event, held = sold
    connection = await asyncpg.connect(database_url)
    await connection.execute(harm, held.id)
    await connection.close()
    assert contradictions(await state_of(stores, event)) & {Verdict.CONTRADICTION, Verdict.DOUBLED}


async def test_money_under_an_unknown_key_is_seen(
    stores: Stores, sold: tuple[Event, Booking], database_url: str
) -> None:
    event, _ = sold
    payment_id = f"stray-{uuid4()}"
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "INSERT INTO mock_gateway_payment (payment_id, key, amount) VALUES ($1, $2, 700)",
        payment_id,
        uuid4(),
    )
    try:
        state = await state_of(stores, event)
    finally:
        await connection.execute(
            "DELETE FROM mock_gateway_payment WHERE payment_id = $1", payment_id
        )
        await connection.close()
    strays = [charge for charge in state.charges if charge.booking_id is None]
    assert [(charge.payment_id, charge.taken) for charge in strays] == [(payment_id, 700)]
    assert contradictions(state) == {Verdict.CONTRADICTION}


async def test_what_is_under_way_is_not_rest(stores: Stores, pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")
    _, unfinished = await stores.rest([event.id], seconds_max=0.1)
    assert unfinished == [
        f"booking {booking.id} is processing",
        f"booking {booking.id} owes a reserve",
    ]


@pytest.mark.parametrize(
    ("hold_seconds", "ended_ago", "is_rest"),
    [(600, "1 second", True), (600, "3 seconds", False), (6, "-5 seconds", False)],
    ids=["just run out", "never released", "about to run out"],
)
async def test_a_hold_that_should_be_over_is_not_rest(
    stores: Stores,
    pipeline: Pipeline,
    database_url: str,
    *,
    hold_seconds: int,
    ended_ago: str,
    is_rest: bool,
) -> None:
    event = await pipeline.open_event(hold_seconds=hold_seconds)
    held = await pipeline.hold(await pipeline.user(UserRole.BUYER), event, "1-1")
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "UPDATE booking SET expires_at = now() - $2::text::interval WHERE id = $1",
        held.id,
        ended_ago,
    )
    await connection.close()
    _, unfinished = await stores.rest([event.id], seconds_max=0.1)
    assert unfinished == ([] if is_rest else [f"booking {held.id} is held and its time runs out"])


async def state_of(stores: Stores, event: Event) -> FinalState:
    return await stores.read([event.id], unfinished=[], verified=(True, ""))


def contradictions(state: FinalState) -> set[Verdict]:
    """What is found without a history: that nobody asked for these bookings is left out."""
    found = check([], state, datetime.now(UTC))
    return {each.verdict for each in found if "asked for 0 times" not in each.sentence}
