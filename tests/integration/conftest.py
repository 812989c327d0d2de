"""Fixtures of the integration tests."""

from collections.abc import AsyncIterator

import pytest

from onsale.platform.database.connections import create_pool
from storm.receiver import Receiver
from tests.support.pipeline import Pipeline
from tests.support.webhooks import Books
from tests.support.wired_pipeline import pipeline_on


@pytest.fixture
async def pipeline(database_url: str, redis_url: str) -> AsyncIterator[Pipeline]:
    """Both services on this test's own stores, messages carried by hand."""
    async with pipeline_on(database_url, redis_url) as running:
        yield running


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[Books]:
    """Webhooks in this test's own database."""
    pool = await create_pool(database_url, size_max=10)
    yield Books(pool, database_url)
    await pool.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody who is told, and answers well."""
    async with Receiver() as listening:
        yield listening
