"""Verification finds every kind of difference: each is made by hand here, and seen."""

from collections.abc import Callable

import pytest

from onsale.service.ticketing.app.query import verify_event_use_case
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"


@pytest.fixture
async def sold(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Booking]:
    """An event with one hold and one completed booking, and nothing under way."""
    monkeypatch.setattr(verify_event_use_case, "LOOK_INTERVAL_SECONDS", 0.01)
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1", "1-2")
    completed = await pipeline.hold(buyer, event, "2-1", "2-2")
    await pipeline.pay.execute(buyer, completed.id, CARD)
    await pipeline.settle()
    assert await pipeline.differences(event.id) == []
    return event, held


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(
            "UPDATE ticket SET status = 'sold' WHERE booking_id = $1 AND seat_number = 1",
            id="a ticket in a state that its booking is not in",
        ),
        pytest.param(
            "DELETE FROM booking_ticket WHERE booking_id = $1", id="a ticket that is not joined"
        ),
        pytest.param(
            "UPDATE booking SET total_price = 1 WHERE id = $1", id="a price that is not the sum"
        ),
        pytest.param(
            "UPDATE booking SET seat_positions = '{1-1,1-3}' WHERE id = $1",
            id="positions that are not the tickets'",
        ),
        pytest.param(
            "UPDATE booking SET quantity = 3 WHERE id = $1", id="a quantity that is not there"
        ),
        pytest.param(
            "UPDATE ticket SET price = 5 WHERE booking_id = $1", id="a price that is not the hall's"
        ),
        pytest.param(
            "UPDATE ticket SET booking_id = NULL, buyer_id = NULL, status = 'available'"
            " WHERE booking_id = $1",
            id="free tickets that a booking and the store hold",
        ),
        pytest.param(
            "UPDATE booking SET status = 'cancelled', cancel_reason = 'buyer' WHERE id = $1",
            id="a cancelled booking with tickets",
        ),
    ],
)
async def test_a_contradiction_in_the_ledger_is_found(
    pipeline: Pipeline, sold: tuple[Event, Booking], harm: str
) -> None:
    event, held = sold
    await pipeline.pool.execute(harm, held.id)
    assert await pipeline.differences(event.id)


async def test_a_missing_ticket_is_found(pipeline: Pipeline, sold: tuple[Event, Booking]) -> None:
    event, _ = sold
    await pipeline.pool.execute(
        "DELETE FROM ticket WHERE event_id = $1 AND row_number = 5 AND seat_number = 5", event.id
    )
    assert any("50 seats" in found for found in await pipeline.differences(event.id))


@pytest.mark.parametrize("state", [1, 2, 3])
async def test_a_bit_that_the_ledger_does_not_know_is_found(
    pipeline: Pipeline, sold: tuple[Event, Booking], state: int
) -> None:
    event, _ = sold
    key = f"seats:{{e{event.id}}}:A-1"
    stored = await pipeline.redis.get(key)
    assert isinstance(stored, bytes)
    bitmap = bytearray(stored)
    bitmap[-2] |= state
    await pipeline.redis.set(key, bytes(bitmap))
    (difference,) = [
        found for found in await pipeline.differences(event.id) if "seat store" in found
    ]
    assert "is available in the ledger" in difference


async def test_a_counter_that_drifted_is_found(
    pipeline: Pipeline, sold: tuple[Event, Booking]
) -> None:
    event, _ = sold
    await pipeline.redis.hset(f"stats:{{e{event.id}}}", "A-1", "49,0,1,0")
    assert len(await pipeline.differences(event.id)) == 1


async def test_a_counter_that_is_missing_or_nobodys_is_found(
    pipeline: Pipeline, sold: tuple[Event, Booking]
) -> None:
    event, _ = sold
    await pipeline.redis.hdel(f"stats:{{e{event.id}}}", "A-1")
    await pipeline.redis.hset(f"stats:{{e{event.id}}}", "Z-9", "1,0,0,0")
    assert len(await pipeline.differences(event.id)) == 2


async def test_an_epoch_that_the_ledger_does_not_know_is_found(
    pipeline: Pipeline, sold: tuple[Event, Booking]
) -> None:
    event, _ = sold
    await pipeline.pool.execute("UPDATE event SET epoch = epoch + 1 WHERE id = $1", event.id)
    (difference,) = await pipeline.differences(event.id)
    assert "epoch" in difference


async def test_money_taken_twice_or_for_nothing_is_found(
    pipeline: Pipeline, sold: tuple[Event, Booking]
) -> None:
    event, held = sold
    await pipeline.pool.execute(
        "INSERT INTO payment_attempt (id, booking_id, amount, currency, status, payment_id,"
        " settled_at) SELECT gen_random_uuid(), id, 1, 'USD', 'captured', 'pay_more', now()"
        " FROM booking",
    )
    found = await pipeline.differences(event.id)
    assert len(found) == 2
    assert any(str(held.id) in difference for difference in found)


async def test_a_hold_that_only_one_store_knows_is_found(
    pipeline: Pipeline, sold: tuple[Event, Booking]
) -> None:
    event, held = sold
    (key,) = await pipeline.redis.keys(f"answers:{{e{event.id}}}:*")
    await pipeline.redis.hdel(key, str(held.id))
    found = await pipeline.differences(event.id)
    assert any(str(held.id) in difference for difference in found)


async def test_a_wiped_store_is_found(pipeline: Pipeline, sold: tuple[Event, Booking]) -> None:
    event, _ = sold
    await pipeline.redis.flushall()
    assert "A-1 is not in the seat store" in await pipeline.differences(event.id)


async def test_a_sale_that_goes_on_is_no_difference(
    pipeline: Pipeline, sold: tuple[Event, Booking]
) -> None:
    """The store is ahead of the ledger at the first look, and no longer at the second."""
    event, _ = sold
    buyer = await pipeline.user(UserRole.BUYER)
    await pipeline.book(buyer, event, "5-1")
    results = await pipeline.decide(await pipeline.commands())
    looks = 0

    async def meanwhile(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        await pipeline.apply_results.execute(results)

    verify = _verify_with(pipeline, meanwhile)
    verdict = await verify.execute(event.id, quiet_seconds_max=0)
    assert (list(verdict.differences), looks) == ([], 1)


def _verify_with(
    pipeline: Pipeline, sleep: Callable[[float], object]
) -> verify_event_use_case.VerifyEventUseCase:
    usual = pipeline.verify
    return verify_event_use_case.VerifyEventUseCase(
        usual.ledger,
        usual.seats,
        usual.holds,
        usual.now,
        sleep,  # type: ignore[arg-type]
    )
