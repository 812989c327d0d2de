"""Processes tell each other what their buckets have spent: a message a second, nothing stored."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec
import redis.asyncio as redis
from redis.exceptions import RedisError

from onsale.platform.rate_limiting.token_buckets import TokenBuckets

CHANNEL = "onsale:spending"
INTERVAL_SECONDS = 1.0


class _Report(msgspec.Struct, frozen=True):
    sender: str
    spent: dict[str, dict[str, float]]


class SpendingExchange:
    """A limit may be passed by what all processes together spend within a second. While the channel
    is away each counts alone: what was not told then is not told later.
    """

    def __init__(
        self,
        client: redis.Redis,
        subscriber: redis.Redis,
        buckets: Mapping[str, TokenBuckets],
        *,
        sender: str,
        on_error: Callable[[Exception], None],
    ) -> None:
        """``buckets`` have names that all processes share; ``sender`` names this one."""
        self._client = client
        self._subscriber = subscriber
        self._buckets = buckets
        self._sender = sender
        self._on_error = on_error
        self._decoder = msgspec.json.Decoder(_Report)

    async def run(self) -> None:
        """Tell and listen until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell_again_and_again())
            tasks.create_task(self._listen_again_and_again())

    async def tell(self) -> None:
        """Tell the others once what was spent here."""
        spent = {name: report for name, each in self._buckets.items() if (report := each.report())}
        if spent:
            await self._client.publish(CHANNEL, msgspec.json.encode(_Report(self._sender, spent)))

    async def listen(self) -> None:
        """Count what the others tell, until the connection is lost."""
        channel = self._subscriber.pubsub(ignore_subscribe_messages=True)
        try:
            await channel.subscribe(CHANNEL)
            async for message in channel.listen():
                self._count(message["data"])
        finally:
            await channel.aclose()  # type: ignore[no-untyped-call]

    def _count(self, message: bytes) -> None:
        try:
            report = self._decoder.decode(message)
        except msgspec.MsgspecError as error:
            self._on_error(error)
            return
        if report.sender == self._sender:
            return
        for name, spent in report.spent.items():
            if name in self._buckets:
                self._buckets[name].apply(spent)

    async def _tell_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                await self.tell()
            except (RedisError, OSError) as error:
                self._on_error(error)

    async def _listen_again_and_again(self) -> None:
        while True:
            try:
                await self.listen()
            except (RedisError, OSError) as error:
                self._on_error(error)
            await asyncio.sleep(INTERVAL_SECONDS)
