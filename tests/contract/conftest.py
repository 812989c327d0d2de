"""The seat stores that a contract holds for."""

from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from onsale.platform.state.redis_clients import create_client
from onsale.service.seat_reservation.app.interface.i_seat_store import IHoldLookup, ISeatStore
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from tests.fakes.in_memory_seat_store import InMemorySeatStore


class SeatStore(ISeatStore, IHoldLookup, Protocol):
    """Both ports, as every adapter and the fake have them."""


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
