"""The servers that tests share: each test finds its own clean place on them."""

from typing import Any

import asyncpg
import pytest
from confluent_kafka.admin import AdminClient
from redis.asyncio import Redis


@pytest.mark.parametrize("_turn", range(3))
async def test_each_test_has_a_database_of_its_own(database_url: str, _turn: int) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("CREATE TABLE left_by_a_test (id int)")
        assert await connection.fetchval("SHOW fsync") == "on"
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
    finally:
        await connection.close()


@pytest.mark.parametrize("_turn", range(2))
async def test_each_test_finds_redis_empty(redis_url: str, _turn: int) -> None:
    client: Any = Redis.from_url(redis_url, protocol=2)
    async with client:
        assert await client.keys("*") == []
        await client.set("left-by-a-test", "1")
        assert (await client.config_get("appendfsync"))["appendfsync"] == "always"


@pytest.mark.kafka
def test_all_tests_share_one_kafka_broker(kafka_bootstrap: str) -> None:
    metadata = AdminClient({"bootstrap.servers": kafka_bootstrap}).list_topics(timeout=10)
    assert list(metadata.brokers) == [1]
