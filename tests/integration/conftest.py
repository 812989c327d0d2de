"""Fixtures of the integration tests."""

from collections.abc import AsyncIterator

import pytest

from tests.support.pipeline import Pipeline
from tests.support.wired_pipeline import pipeline_on


@pytest.fixture
async def pipeline(database_url: str, redis_url: str) -> AsyncIterator[Pipeline]:
    """Both services on this test's own stores, messages carried by hand."""
    async with pipeline_on(database_url, redis_url) as running:
        yield running
