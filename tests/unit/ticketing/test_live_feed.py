"""Live views: nothing is missed between snapshot and change, and nobody waits for a slow reader."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_live_notices import LiveNotice
from onsale.service.ticketing.app.service import live_feed
from onsale.service.ticketing.app.service.live_feed import LiveFeed, LiveTopics
from tests.support.tasks import background

DEADLINE_SECONDS = 5.0


class Store:
    """What is read: a number for each key; every read is counted."""

    def __init__(self) -> None:
        self.values: dict[int, int] = {}
        self.reads: list[frozenset[int]] = []
        self.failures_left = 0

    async def read(self, keys: Collection[int]) -> Mapping[int, int]:
        self.reads.append(frozenset(keys))
        if self.failures_left:
            self.failures_left -= 1
            raise UnavailableError("postgresql")
        return {key: self.values.get(key, 0) for key in keys}


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def errors() -> list[Exception]:
    return []


@pytest.fixture
async def topics(store: Store, errors: list[Exception]) -> AsyncIterator[LiveTopics[int, int]]:
    made = LiveTopics[int, int](store.read, interval_seconds=0.0)
    async with background(made.run(errors.append)):
        yield made


async def test_a_viewer_gets_a_snapshot_and_then_each_change(
    topics: LiveTopics[int, int], store: Store
) -> None:
    store.values[1] = 10
    async with topics.watch(1) as watch:
        assert await watch.next(DEADLINE_SECONDS) == 10
        store.values[1] = 11
        topics.touch([1])
        assert await watch.next(DEADLINE_SECONDS) == 11


async def test_a_notice_without_a_difference_wakes_nobody(
    topics: LiveTopics[int, int], store: Store
) -> None:
    async with topics.watch(1) as watch:
        assert await watch.next(DEADLINE_SECONDS) == 0
        topics.touch([1])
        assert await watch.next(0.05) is None
        assert len(store.reads) == 2


async def test_one_read_serves_every_viewer(topics: LiveTopics[int, int], store: Store) -> None:
    async with topics.watch(1) as first:
        assert await first.next(DEADLINE_SECONDS) == 0
        async with topics.watch(1) as second, topics.watch(1) as third:
            assert await second.next(DEADLINE_SECONDS) == 0
            assert await third.next(DEADLINE_SECONDS) == 0
            assert topics.viewer_count == 3
    assert store.reads == [frozenset({1})]
    assert topics.viewer_count == 0


async def test_a_slow_viewer_gets_the_latest_and_not_every_view(
    topics: LiveTopics[int, int], store: Store
) -> None:
    async with topics.watch(1) as slow, topics.watch(1) as quick:
        assert await slow.next(DEADLINE_SECONDS) == 0
        assert await quick.next(DEADLINE_SECONDS) == 0
        for value in range(1, 6):
            store.values[1] = value
            topics.touch([1])
            assert await quick.next(DEADLINE_SECONDS) == value
        assert await slow.next(DEADLINE_SECONDS) == 5


async def test_what_nobody_watches_is_not_read(topics: LiveTopics[int, int], store: Store) -> None:
    async with topics.watch(1) as watch:
        await watch.next(DEADLINE_SECONDS)
    topics.touch([1, 2])
    async with topics.watch(3) as watch:
        await watch.next(DEADLINE_SECONDS)
    assert store.reads == [frozenset({1}), frozenset({3})]


async def test_a_failed_read_is_reported_and_repeated(
    topics: LiveTopics[int, int],
    store: Store,
    errors: list[Exception],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_feed, "RECONNECT_SECONDS", 0.01)
    store.failures_left = 2
    async with topics.watch(1) as watch:
        assert await watch.next(DEADLINE_SECONDS) == 0
    assert len(errors) == 2


async def test_too_many_viewers_are_refused(
    topics: LiveTopics[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_feed, "VIEWER_COUNT_MAX", 1)
    async with topics.watch(1):
        with pytest.raises(UnavailableError):
            async with topics.watch(2):
                pytest.fail("there was no room")


class Channel:
    """A source of notices that can be cut."""

    def __init__(self) -> None:
        self.connections = 0
        self._queue: asyncio.Queue[LiveNotice | None] = asyncio.Queue()

    def send(self, notice: LiveNotice) -> None:
        self._queue.put_nowait(notice)

    def cut(self) -> None:
        self._queue.put_nowait(None)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[LiveNotice]]:
        self.connections += 1
        yield self._notices()

    async def _notices(self) -> AsyncIterator[LiveNotice]:
        while (notice := await self._queue.get()) is not None:
            yield notice
        raise UnavailableError("seat-store")


async def test_everything_is_read_again_after_a_lost_connection(
    store: Store, errors: list[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_feed, "RECONNECT_SECONDS", 0.01)
    channel, altered = Channel(), list[int]()
    bookings = LiveTopics[int, int](store.read, interval_seconds=0.0)
    events = LiveTopics[int, int](store.read, interval_seconds=0.0)
    feed = LiveFeed(channel, bookings, events, altered.append, errors.append)  # type: ignore[arg-type]
    async with background(feed.run()), events.watch(7) as watch:
        assert await watch.next(DEADLINE_SECONDS) == 0
        store.values[7] = 1  # its notice is lost with the connection
        channel.cut()
        assert await watch.next(DEADLINE_SECONDS) == 1
        store.values[7] = 2
        channel.send(LiveNotice(altered_events=frozenset({7})))
        assert await watch.next(DEADLINE_SECONDS) == 2
    assert altered == [7]
    assert channel.connections == 2
    assert [type(error) for error in errors] == [UnavailableError]
