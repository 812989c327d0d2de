"""The HTTP side on fakes, and clients of it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.http_api import HttpApi, event_form


@pytest.fixture
async def api() -> AsyncIterator[HttpApi]:
    api = HttpApi()
    yield api
    api.hasher.close()


@pytest.fixture
async def anyone(api: HttpApi) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client() as client:
        yield client


@pytest.fixture
async def buyer(api: HttpApi) -> AsyncIterator[httpx.AsyncClient]:
    async with await api.log_in_as("buyer", "buyer") as client:
        yield client


@pytest.fixture
async def other_buyer(api: HttpApi) -> AsyncIterator[httpx.AsyncClient]:
    async with await api.log_in_as("other-buyer", "buyer") as client:
        yield client


@pytest.fixture
async def seller(api: HttpApi) -> AsyncIterator[httpx.AsyncClient]:
    async with await api.log_in_as("seller", "seller") as client:
        yield client


@pytest.fixture
async def event(seller: httpx.AsyncClient) -> int:
    """An event on sale: section A, subsections 1 and 2, of 4 rows of 5 seats."""
    created = await seller.post("/api/event", json=event_form())
    assert created.status_code == 201, created.text
    event_id: int = created.json()["id"]
    return event_id
