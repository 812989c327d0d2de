"""Processes are killed, or all of them stopped, while people book; on Kafka."""

from collections.abc import Iterator

import pytest

from tests.support.both_buses import require_kafka
from tests.support.crash import kill_with_bookings_under_way
from tests.support.onsale_up import OnsaleUp, running_system
from tests.support.sale import buy_one_more, seen_by, sell_some
from tests.support.wiped_store import wipe_with_bookings_under_way

pytestmark = [pytest.mark.slow, pytest.mark.kafka]


@pytest.fixture(scope="module")
def victim() -> Iterator[OnsaleUp]:
    """A system of this module's own: its processes die."""
    require_kafka()
    with running_system("kafka") as system:
        yield system


@pytest.mark.parametrize(
    "name", ["kafka", "api", "seat-reservation", "ticketing", "redis", "postgres"]
)
async def test_a_killed_process_comes_back_and_no_booking_is_lost(
    victim: OnsaleUp, name: str
) -> None:
    await kill_with_bookings_under_way(victim, name)


@pytest.mark.timeout(300)
async def test_a_wiped_seat_store_is_restored_while_people_book(victim: OnsaleUp) -> None:
    await wipe_with_bookings_under_way(victim)


async def test_everything_is_kept_over_a_stop_and_a_start(victim: OnsaleUp) -> None:
    token, event_id = await sell_some(victim)
    before = await seen_by(victim, token, event_id)
    victim.stop()
    victim.start()
    assert await seen_by(victim, token, event_id) == before
    await buy_one_more(victim, token, event_id)
    victim.verify()
