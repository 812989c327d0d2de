"""Live notices over the seat store's pub/sub."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
import redis.asyncio as redis
from redis.exceptions import RedisError

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_live_notices import LiveNotice

CHANNEL = "onsale:live"


class RedisLiveNotices:
    """See ``ILiveNoticePublisher`` and ``ILiveNoticeSource``; one JSON object per notice."""

    def __init__(
        self,
        client: redis.Redis,
        subscriber: redis.Redis,
        on_error: Callable[[Exception], None],
    ) -> None:
        """``subscriber`` waits without a bound; ``on_error`` hears of notices not sent."""
        self._client = client
        self._subscriber = subscriber
        self._on_error = on_error
        self._decoder = msgspec.json.Decoder(LiveNotice)

    async def publish(
        self,
        *,
        bookings: Collection[UUID] = (),
        events: Collection[int] = (),
        altered_events: Collection[int] = (),
    ) -> None:
        notice = LiveNotice(frozenset(bookings), frozenset(events), frozenset(altered_events))
        try:
            await self._client.publish(CHANNEL, msgspec.json.encode(notice))
        except (RedisError, OSError) as error:
            self._on_error(error)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[LiveNotice]]:
        channel = self._subscriber.pubsub(ignore_subscribe_messages=True)
        try:
            await channel.subscribe(CHANNEL)
            yield self._notices(channel)
        except (RedisError, OSError) as error:
            raise UnavailableError("seat-store", str(error)) from error
        finally:
            await channel.aclose()  # type: ignore[no-untyped-call]

    async def _notices(self, channel: redis.client.PubSub) -> AsyncIterator[LiveNotice]:
        async for message in channel.listen():
            try:
                notice = self._decoder.decode(message["data"])
            except msgspec.MsgspecError as error:
                self._on_error(error)
            else:
                yield notice
