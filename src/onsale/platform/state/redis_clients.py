"""Clients of the seat store: any Redis-protocol server, spoken to in RESP2."""

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from onsale.platform.state.cancellable_connection import make_cancellable

ANSWER_SECONDS_MAX = 10.0
CONNECT_SECONDS_MAX = 5.0
CONNECTION_COUNT_MAX = 50
SUBSCRIPTION_COUNT_MAX = 4


def create_client(url: str) -> "redis.Redis":
    """A client for short commands; each answer is waited for a bounded time."""
    return _cancellable(
        redis.Redis.from_url(
            url,
            protocol=2,  # Kvrocks has RESP3 off by default
            driver_info=None,  # nor does it know how to be told a client's name
            socket_timeout=ANSWER_SECONDS_MAX,
            socket_connect_timeout=CONNECT_SECONDS_MAX,
            max_connections=CONNECTION_COUNT_MAX,
        )
    )


def create_impatient_client(url: str, answer_seconds_max: float) -> "redis.Redis":
    """A client for those whom a client waits for. A lost connection is replaced once; a store that
    does not answer is not asked again, and with all connections waiting the next call fails.
    """
    return _cancellable(
        redis.Redis.from_url(
            url,
            protocol=2,
            driver_info=None,
            socket_timeout=answer_seconds_max,
            socket_connect_timeout=answer_seconds_max,
            max_connections=CONNECTION_COUNT_MAX,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )
    )


def create_subscriber(url: str) -> "redis.Redis":
    """A client whose connections listen for as long as it takes."""
    return _cancellable(
        redis.Redis.from_url(
            url,
            protocol=2,
            driver_info=None,
            socket_timeout=None,
            socket_connect_timeout=CONNECT_SECONDS_MAX,
            max_connections=SUBSCRIPTION_COUNT_MAX,
        )
    )


def _cancellable(client: "redis.Redis") -> "redis.Redis":
    make_cancellable(client.connection_pool)
    return client
