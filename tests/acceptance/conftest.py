"""A running service, and people who use it."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.support.both_buses import require_kafka
from tests.support.onsale_up import DELIVERS_HERE, Bus, OnsaleUp, running_system
from tests.support.visitors import Buyer, Seller, Visitor, connections


@pytest.fixture(scope="session")
def redis_system() -> Iterator[OnsaleUp]:
    """The system of this worker, on Redis Streams. It may deliver webhooks to this machine."""
    with running_system("redis", environment=DELIVERS_HERE) as system:
        yield system


@pytest.fixture(scope="session")
def kafka_system() -> Iterator[OnsaleUp]:
    """The system of this worker, on a Kafka broker."""
    require_kafka()
    with running_system("kafka", environment=DELIVERS_HERE) as system:
        yield system


@pytest.fixture
def system(request: pytest.FixtureRequest) -> OnsaleUp:
    """A running system that is not to be harmed; on Kafka too where ``ON_BOTH_BUSES`` says so."""
    bus: Bus = getattr(request, "param", "redis")
    running: OnsaleUp = request.getfixturevalue(f"{bus}_system")
    return running


@pytest.fixture
async def http(system: OnsaleUp) -> AsyncIterator[httpx.AsyncClient]:
    """Connections to the system."""
    async with connections(system.base_url) as client:
        yield client


@pytest.fixture
def visitor(http: httpx.AsyncClient) -> Visitor:
    """Somebody without an account."""
    return Visitor(http)


@pytest.fixture
async def buyer(http: httpx.AsyncClient) -> Buyer:
    """A new buyer."""
    return await Buyer.join(http)


@pytest.fixture
async def seller(http: httpx.AsyncClient) -> Seller:
    """A new seller."""
    return await Seller.join(http)


@pytest.fixture
async def event_id(seller: Seller) -> int:
    """An event on sale: section A with one subsection of 5 rows of 10 seats, 1,000 cents each."""
    return await seller.open_event()
