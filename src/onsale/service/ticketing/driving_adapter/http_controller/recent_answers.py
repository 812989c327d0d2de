"""Large answers that many ask for at once: made once, and kept for a moment."""

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress

from onsale.service.ticketing.domain.exceptions import EventNotFoundError

FRESH_SECONDS = 0.5
"""Maps and counts lag at most a second; the other half is for reading and sending them."""
# Smaller ones are made as quickly as they are found. A hall of a hundred parts is larger.
KEPT_BYTES_MIN = 16_000
KEPT_BYTES_MAX = 64_000_000
"""Of bodies alone; compressed, which few are at the same time, they take a tenth more."""
# A map of 10,000 seats becomes a twelfth of itself within a millisecond or two. The levels above
# take many times as long for a fifth less.
GZIP_LEVEL = 1


class RecentAnswer:
    """A body, and the same compressed: once, and only if somebody asks for that."""

    def __init__(self, body: bytes, *, is_large: bool) -> None:
        """Compressing is not worth its while unless it ``is_large``."""
        self.body = body
        self.is_large = is_large
        self._compressing: asyncio.Task[bytes] | None = None

    async def gzip(self) -> bytes:
        """The body, compressed; in a thread, for others wait for this loop."""
        if self._compressing is None:
            compress = asyncio.to_thread(gzip.compress, self.body, GZIP_LEVEL, mtime=0)
            self._compressing = asyncio.create_task(compress)
        return await asyncio.shield(self._compressing)


class RecentAnswers:
    """Bodies by what was asked for. Requests that come while one is being made share it."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        kept_bytes_max: int = KEPT_BYTES_MAX,
        *,
        kept_bytes_min: int = KEPT_BYTES_MIN,
    ) -> None:
        """``monotonic`` is a clock in seconds that never goes back."""
        self._monotonic = monotonic
        self._kept_bytes_max = kept_bytes_max
        self._kept_bytes_min = kept_bytes_min
        self._kept: OrderedDict[Hashable, tuple[float, RecentAnswer]] = OrderedDict()
        self._kept_bytes = 0
        self._making: dict[Hashable, asyncio.Task[RecentAnswer]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> RecentAnswer:
        """The answer to ``key``, as ``make`` makes it. That there is no such event is an answer to
        those alone who asked before it was looked for.
        """
        kept = self._kept.get(key)
        if kept is not None and self._monotonic() - kept[0] < FRESH_SECONDS:
            return kept[1]
        if key in self._making:
            with suppress(EventNotFoundError):
                return await asyncio.shield(self._making[key])
            # Since it was looked for the event may have been made.
        return await asyncio.shield(self._begin_to_make(key, make))

    def forget(self, key: Hashable) -> None:
        """Make it anew the next time, also if it is being made."""
        self._drop(key)
        self._making.pop(key, None)

    def forget_all(self) -> None:
        """Make them all anew."""
        self._kept.clear()
        self._kept_bytes = 0
        self._making.clear()

    def _begin_to_make(
        self, key: Hashable, make: Callable[[], Awaitable[bytes]]
    ) -> asyncio.Task[RecentAnswer]:
        making = self._making.get(key)
        if making is None:
            making = asyncio.create_task(self._make(key, make))
            self._making[key] = making
            making.add_done_callback(lambda task: self._made(key, task))
        return making

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> RecentAnswer:
        began_at = self._monotonic()
        body = await make()
        answer = RecentAnswer(body, is_large=len(body) >= KEPT_BYTES_MIN)
        if len(body) >= self._kept_bytes_min and self._making.get(key) is asyncio.current_task():
            self._drop(key)
            self._kept[key] = began_at, answer
            self._kept_bytes += len(body)
            self._make_room()
        return answer

    def _make_room(self) -> None:
        stale_at = self._monotonic() - FRESH_SECONDS
        while self._kept:
            oldest = next(iter(self._kept))
            if self._kept[oldest][0] > stale_at and self._kept_bytes <= self._kept_bytes_max:
                break
            self._drop(oldest)

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._kept_bytes -= len(kept[1].body)

    def _made(self, key: Hashable, task: asyncio.Task[RecentAnswer]) -> None:
        if self._making.get(key) is task:
            del self._making[key]
        if not task.cancelled():
            task.exception()  # whoever awaits the task gets it; asked here so it is never unseen
