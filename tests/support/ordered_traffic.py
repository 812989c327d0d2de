"""Numbered messages of many keys under way while something happens to the broker or its consumers.

Every key counts up from zero and goes on to its next number only once the broker has acknowledged
the last, so what was promised, in which order, and when, is known exactly.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.message_bus import (
    BatchHandler,
    Message,
    MessagePublisher,
    ReceivedMessage,
)
from tests.servers.waiting import eventually
from tests.support.message_buses import numbered

KEYS = tuple(f"event:{number}" for number in range(12))
"""Enough that each of four partitions has some."""
PAUSE_SECONDS = 0.1
ALL_HANDLED_SECONDS_MAX = 90.0


@dataclass(frozen=True, slots=True)
class Handled:
    """A message that a handler was given, and when, by this machine's monotonic clock."""

    partition: int
    key: str
    value: int
    at: float
    member: str = ""


@dataclass(slots=True)
class Publishing:
    """What the publishers were told."""

    acknowledged: Counter[str] = field(default_factory=Counter)
    failures: list[UnavailableError] = field(default_factory=list)
    acknowledged_at: list[float] = field(default_factory=list)

    def longest_gap_seconds(self) -> float:
        """The longest time in which nothing was acknowledged."""
        gaps = (later - earlier for earlier, later in pairwise(self.acknowledged_at))
        return max(gaps, default=0.0)

    async def goes_on(self, *, timeout_seconds: float = 60.0) -> None:
        """Return once every key was acknowledged two more times: also what began before has ended.

        Raises:
            AssertionError: not within that time.
        """
        enough = {key: self.acknowledged[key] + 2 for key in KEYS}
        await eventually(
            lambda: all(self.acknowledged[key] >= count for key, count in enough.items()),
            timeout_seconds=timeout_seconds,
        )


@asynccontextmanager
async def publishing(
    publisher: MessagePublisher, topic: str, *, burst_count: int = 1
) -> AsyncIterator[Publishing]:
    """Publish within the block, each key ``burst_count`` at a time; a failed one is repeated."""
    told = Publishing()
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for key in KEYS:
            tasks.create_task(
                _count_up(partial(publisher.publish, topic), key, burst_count, told, stop)
            )
        try:
            yield told
        finally:
            stop.set()


async def _count_up(
    publish: Callable[[Sequence[Message]], Awaitable[None]],
    key: str,
    burst_count: int,
    told: Publishing,
    stop: asyncio.Event,
) -> None:
    while not stop.is_set():
        burst = numbered(key, burst_count, first=told.acknowledged[key])
        calls = [publish([message]) for message in burst]
        for answer in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(answer, UnavailableError):
                told.failures.append(answer)
                # What came after it is repeated too: its place is behind.
                break
            if answer is not None:
                raise answer
            told.acknowledged[key] += 1
            told.acknowledged_at.append(time.monotonic())
        await asyncio.sleep(PAUSE_SECONDS)


@dataclass(slots=True)
class Consuming:
    """What the handlers of one group were given, in the order in which they were."""

    handled: list[Handled] = field(default_factory=list)

    def handler(self) -> BatchHandler:
        """A handler for one member."""

        async def handle(batch: Sequence[ReceivedMessage]) -> None:
            now = time.monotonic()
            self.handled += [
                Handled(message.partition, message.key, int(message.value), now)
                for message in batch
            ]

        return handle

    def first_handled(self, key: str) -> list[int]:
        """The numbers of a key without repeats."""
        return list(dict.fromkeys(each.value for each in self.handled if each.key == key))

    def longest_gap_seconds(self, since: float = 0.0) -> float:
        """The longest time, ended after the moment ``since``, for which a partition lay idle."""
        gaps = [0.0]
        for number in {each.partition for each in self.handled}:
            moments = [each.at for each in self.handled if each.partition == number]
            gaps += [later - earlier for earlier, later in pairwise(moments) if later > since]
        return max(gaps)

    def repeats_count(self) -> int:
        """How many messages were handled more than once."""
        return len(self.handled) - len({(each.key, each.value) for each in self.handled})

    async def has_begun(self, partition_count: int, *, timeout_seconds: float = 60.0) -> None:
        """Return once something of every partition was handled."""

        def all_seen() -> bool:
            return len({each.partition for each in self.handled}) == partition_count

        await eventually(all_seen, timeout_seconds=timeout_seconds)

    async def all_of(self, told: Publishing, *, refresh: Callable[[], None] = lambda: None) -> None:
        """Return once everything acknowledged was handled, and see that it was in order.

        ``refresh`` is called before each look, for handlers that work elsewhere.

        Raises:
            AssertionError: something is missing after a minute and a half, or came out of order.
        """

        def missing() -> dict[str, set[int]]:
            refresh()
            wanted = {key: set(range(told.acknowledged[key])) for key in KEYS}
            left = {key: wanted[key] - set(self.first_handled(key)) for key in KEYS}
            return {key: numbers for key, numbers in left.items() if numbers}

        try:
            await eventually(lambda: not missing(), timeout_seconds=ALL_HANDLED_SECONDS_MAX)
        except AssertionError:
            raise AssertionError(f"acknowledged, and never handled: {missing()}") from None
        for key in KEYS:
            first = self.first_handled(key)
            assert first == list(range(len(first))), f"{key} came out of order: {first}"
