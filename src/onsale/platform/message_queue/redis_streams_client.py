"""The connection to Redis that the parts of the streams bus share."""

import asyncio
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.redis_streams_layout import StreamsLayout, partition_count_key
from onsale.platform.state.cancellable_connection import make_cancellable

CONNECTION_COUNT_MAX = 16
CONNECT_SECONDS_MAX = 2.0
ANSWER_SECONDS_MAX = 5.0
CLOSE_SECONDS_MAX = 10.0

_SCRIPT_NAMES = ("publish", "share", "commit", "leave", "trim")

Argument = str | bytes | int | float


class StreamsClient:
    """Runs commands and scripts; whatever Redis refuses or fails to answer is unavailability."""

    def __init__(
        self, redis_url: str, *, partition_count: int, partition_count_of: dict[str, int]
    ) -> None:
        """``partition_count_of`` names topics that differ from ``partition_count``."""
        self._partition_count = partition_count
        self._partition_count_of = partition_count_of
        self._layouts: dict[str, StreamsLayout] = {}
        self._layout_lock = asyncio.Lock()
        self._scripts = {
            name: (files(__package__) / "lua" / f"{name}.lua").read_text() for name in _SCRIPT_NAMES
        }
        self._shas: dict[str, str] = {}
        # A repeat is the caller's decision: an XADD that went unanswered may have happened.
        pool = BlockingConnectionPool.from_url(
            redis_url,
            protocol=2,
            max_connections=CONNECTION_COUNT_MAX,
            timeout=ANSWER_SECONDS_MAX,
            socket_timeout=ANSWER_SECONDS_MAX,
            socket_connect_timeout=CONNECT_SECONDS_MAX,
            retry=Retry(NoBackoff(), 0),
        )
        make_cancellable(pool)
        self._redis = Redis.from_pool(pool)

    async def layout(self, topic: str) -> StreamsLayout:
        """The layout of ``topic``, which is created by the first who asks.

        A topic keeps the partitions it was created with, whatever this process was told.
        """
        # Locked: calls that come before the answer go on in the order in which they came.
        async with self._layout_lock:
            if topic not in self._layouts:
                self._layouts[topic] = await self._ensure_layout(topic)
            return self._layouts[topic]

    async def execute(self, *command: Argument) -> Any:  # noqa: ANN401 - as the command answers
        """Run one command."""
        try:
            return await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]
        except (RedisError, OSError, TimeoutError) as error:
            raise UnavailableError("message-bus", str(error)) from error

    async def execute_all(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """Run commands as one transaction in one round trip; fails when one is refused."""
        answers = await self._transact(commands)
        for answer in answers:
            if isinstance(answer, Exception):
                raise UnavailableError("message-bus", str(answer)) from answer
        return answers

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:  # noqa: ANN401 - as the script answers
        """Run one script."""
        answer = (await self.run_each(script, [(keys, arguments)]))[0]
        if isinstance(answer, Exception):
            raise UnavailableError("message-bus", str(answer)) from answer
        return answer

    async def run_each(
        self, script: str, calls: Sequence[tuple[Sequence[str], Sequence[Argument]]]
    ) -> list[Any]:
        """Run a script for each of ``calls`` in one round trip.

        One's refusal does not stop the rest: its answer is the exception.
        """
        sha = self._shas.get(script) or await self._load(script)
        commands = [("EVALSHA", sha, len(keys), *keys, *arguments) for keys, arguments in calls]
        answers = await self._transact(commands)
        # In a transaction no script appears half-way: either all calls missed it or none did.
        if any(isinstance(answer, NoScriptError) for answer in answers):
            await self._load(script)
            answers = await self._transact(commands)
        return answers

    async def close(self) -> None:
        """Close every connection."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await self._redis.aclose(close_connection_pool=True)
        except TimeoutError:
            structlog.stdlib.get_logger(__name__).warning("redis_did_not_close_in_time")

    async def _ensure_layout(self, topic: str) -> StreamsLayout:
        asked_count = self._partition_count_of.get(topic, self._partition_count)
        key = partition_count_key(topic)
        _, stored = await self.execute_all([("SET", key, asked_count, "NX"), ("GET", key)])
        layout = StreamsLayout(topic, int(stored))
        if layout.partition_count != asked_count:
            structlog.stdlib.get_logger(__name__).warning(
                "topic_keeps_its_partitions",
                topic=topic,
                partition_count=layout.partition_count,
                asked_count=asked_count,
            )
        return layout

    async def _transact(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                return await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            raise UnavailableError("message-bus", str(error)) from error

    async def _load(self, script: str) -> str:
        sha: bytes | str = await self.execute("SCRIPT LOAD", self._scripts[script])
        self._shas[script] = sha.decode() if isinstance(sha, bytes) else sha
        return self._shas[script]
