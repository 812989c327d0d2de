"""A running service, a browser, and people who use both."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.support.browser import Windows, running_browser
from tests.support.onsale_up import DELIVERS_HERE, OnsaleUp, running_system
from tests.support.visitors import Buyer, Seller, connections


@pytest.fixture(scope="session")
def system() -> Iterator[OnsaleUp]:
    """The system of this worker."""
    with running_system("redis", environment=DELIVERS_HERE) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser of this worker."""
    async with running_browser() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def windows(browser: Browser, system: OnsaleUp) -> AsyncIterator[Windows]:
    """Windows of a test; at its end nothing may have gone wrong in any."""
    opened = Windows(browser, system.base_url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def http(system: OnsaleUp) -> AsyncIterator[httpx.AsyncClient]:
    """Connections for those who use no browser."""
    async with connections(system.base_url) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def buyer(http: httpx.AsyncClient) -> Buyer:
    """A new buyer."""
    return await Buyer.join(http)


@pytest_asyncio.fixture(loop_scope="session")
async def seller(http: httpx.AsyncClient) -> Seller:
    """A new seller."""
    return await Seller.join(http)
