"""The seat stores that a contract holds for."""

from collections.abc import AsyncIterator

import pytest

from onsale.platform.state.redis_clients import create_client
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from tests.builders.hall import Hall, SeatStore
from tests.builders.seats import layout
from tests.fakes.in_memory_seat_store import InMemorySeatStore


@pytest.fixture
async def redis_seat_store(redis_url: str) -> AsyncIterator[RedisSeatStore]:
    async with create_client(redis_url) as client:
        yield RedisSeatStore(client)


@pytest.fixture(params=["memory", "redis"])
def seat_store(request: pytest.FixtureRequest) -> SeatStore:
    if request.param == "memory":
        return InMemorySeatStore()
    store: SeatStore = request.getfixturevalue("redis_seat_store")
    return store


@pytest.fixture
async def small_hall(seat_store: SeatStore) -> Hall:
    """Four rows of five seats, all available."""
    hall = Hall(seat_store, layout(4, 5))
    await hall.load()
    return hall
