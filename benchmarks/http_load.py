"""Requests over HTTP by a client that costs little: the machine is the system's.

Two ways of asking. :meth:`HttpLoad.offer` sends at a fixed pace whatever the answers do, and times
each from the moment at which it was due, so a server that stalls is not spared the requests that it
kept from being sent. :meth:`HttpLoad.saturate` keeps a fixed number under way: how much at most.
"""

import asyncio
import itertools
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from typing_extensions import override

CONNECTION_COUNT_MAX = 4_000
ANSWERS_SECONDS_MAX = 60.0
IDLE_SECONDS_MAX = 2.0
"""A connection that was idle for longer is not used: the server may be closing it just then."""
_TICK_SECONDS = 0.001
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_CLOSE = b"connection: close"

OnAnswer = Callable[[int, int, float, bytes], None]
"""Is told of an answer: the number of the request, its status, when it was due, all bytes."""


class HttpLoad:
    """``requests`` are whole ones, ready to be sent, without end."""

    def __init__(
        self,
        host: str,
        port: int,
        requests: Iterator[bytes],
        *,
        more_ports: Sequence[int] = (),
        on_answer: OnAnswer | None = None,
    ) -> None:
        """Connections go to ``port`` and ``more_ports`` in turn."""
        self._addresses = itertools.cycle([(host, port), *((host, each) for each in more_ports)])
        self._requests = requests
        self._on_answer = on_answer
        self._idle: deque[_Connection] = deque()
        self._opened: set[_Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        # Due, but without a connection to go by: when, and which.
        self._waiting: deque[tuple[int, float]] = deque()
        self._sent_count = 0
        self._limit: int | None = None
        self._all_answered = asyncio.Event()
        self._in_flight_max = CONNECTION_COUNT_MAX
        # Whether each answer is followed by another request.
        self._refills = False
        self.statuses: Counter[int] = Counter()
        self.seconds: list[float] = []
        self.late_seconds_max = 0.0
        """By how much this client itself was late in sending."""
        self.broken_count = 0
        """Requests whose connection ended without an answer."""

    @property
    def answered_count(self) -> int:
        """How many answers there are."""
        return self.statuses.total()

    @asynccontextmanager
    async def connected(self, count: int) -> AsyncIterator["HttpLoad"]:
        """So many connections are open at the start of the block, and none after it."""
        await asyncio.gather(*(self._open() for _ in range(count)))
        try:
            yield self
        finally:
            for task in self._opening:
                task.cancel()
            for connection in self._opened:
                connection.close()

    async def saturate(self, count: int, *, in_flight: int) -> None:
        """Send ``count`` requests, ``in_flight`` of them under way at any moment.

        Raises:
            TimeoutError: no answer came for ``ANSWERS_SECONDS_MAX``.
        """
        self._begin(count, in_flight, refills=True)
        while len(self._opened) < in_flight:
            await self._open()
        for _ in range(min(in_flight, count)):
            self._send_next(time.perf_counter())
        await self._until_all_are_answered()

    async def offer(self, per_second: float, count: int, stop: asyncio.Event | None = None) -> None:
        """Send ``count`` requests, one every so often, or fewer if told to ``stop``; returns once
        all that were sent are answered.

        Raises:
            TimeoutError: no answer came for ``ANSWERS_SECONDS_MAX``.
        """
        self._begin(count, CONNECTION_COUNT_MAX, refills=False)
        began, sent = time.perf_counter(), 0
        while sent < count and not (stop is not None and stop.is_set()):
            now = time.perf_counter()
            due = min(count, int((now - began) * per_second) + 1)
            for number in range(sent, due):
                due_at = began + number / per_second
                self.late_seconds_max = max(self.late_seconds_max, now - due_at)
                self._send_next(due_at)
            sent = due
            await asyncio.sleep(_TICK_SECONDS)
        self._limit = self._sent_count
        self._look_whether_all_are_answered()
        await self._until_all_are_answered()

    def _begin(self, count: int, in_flight_max: int, *, refills: bool) -> None:
        self._all_answered.clear()
        self._refills = refills
        self._in_flight_max = in_flight_max
        self._limit = self._sent_count + count

    async def _until_all_are_answered(self) -> None:
        seen = -1
        while not self._all_answered.is_set():
            if seen == self.answered_count + self.broken_count:
                raise TimeoutError(
                    f"{self._sent_count} sent, {self.answered_count} answered, and nothing more"
                    f" for {ANSWERS_SECONDS_MAX:.0f} s"
                )
            seen = self.answered_count + self.broken_count
            try:
                async with asyncio.timeout(ANSWERS_SECONDS_MAX):
                    await self._all_answered.wait()
            except TimeoutError:
                continue

    def _send_next(self, due_at: float) -> None:
        number, self._sent_count = self._sent_count, self._sent_count + 1
        oldest_use = due_at - IDLE_SECONDS_MAX
        # The last one was used last: if it is too old, so are all.
        if self._idle and self._idle[-1].idle_since < oldest_use:
            for connection in tuple(self._idle):
                connection.close()
            self._idle.clear()
        if self._idle:
            self._idle.pop().send(number, due_at, next(self._requests))
            return
        self._waiting.append((number, due_at))
        if len(self._opened) + len(self._opening) < self._in_flight_max:
            task = asyncio.create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: _Connection(self), *next(self._addresses)
        )
        self._opened.add(connection)
        self._free(connection)

    def _free(self, connection: "_Connection") -> None:
        if self._waiting:
            number, due_at = self._waiting.popleft()
            connection.send(number, due_at, next(self._requests))
        else:
            connection.idle_since = time.perf_counter()
            self._idle.append(connection)

    def answered(
        self, connection: "_Connection", number: int, due_at: float, answer: bytes
    ) -> None:
        """An answer has come in full."""
        now = time.perf_counter()
        status = int(answer[9:12])
        self.statuses[status] += 1
        self.seconds.append(now - due_at)
        if self._on_answer is not None:
            self._on_answer(number, status, due_at, answer)
        if connection.is_open:
            self._free(connection)
        if self._refills and self._limit is not None and self._sent_count < self._limit:
            self._send_next(now)
        self._look_whether_all_are_answered()

    def _look_whether_all_are_answered(self) -> None:
        if self._limit is not None and self.answered_count + self.broken_count >= self._limit:
            self._all_answered.set()

    def ended(self, connection: "_Connection", *, has_request: bool) -> None:
        """A connection is gone."""
        self._opened.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if has_request:
            self.broken_count += 1
            self._look_whether_all_are_answered()


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, load: HttpLoad) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._number = 0
        self._due_at = 0.0
        self._has_request = False
        self.is_open = False
        self.idle_since = 0.0

    def send(self, number: int, due_at: float, request: bytes) -> None:
        assert self._transport is not None
        self._number, self._due_at, self._has_request = number, due_at, True
        self._transport.write(request)

    def close(self) -> None:
        self._has_request = False
        if self._transport is not None:
            self._transport.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asked for its class: uvloop's transports have none of asyncio's.
        self._transport, self.is_open = cast("asyncio.Transport", transport), True

    @override
    def data_received(self, data: bytes) -> None:
        answer = self._received + data if self._received else data
        head_end = answer.find(_HEAD_END)
        if head_end < 0:
            self._received = answer
            return
        at = answer.find(_LENGTH, 0, head_end)
        length = int(answer[at + len(_LENGTH) : answer.find(b"\r", at)]) if at >= 0 else 0
        if len(answer) < head_end + len(_HEAD_END) + length:
            self._received = answer
            return
        self._received, self._has_request = b"", False
        if answer.find(_CLOSE, 0, head_end) >= 0:
            self.is_open = False
        self._load.answered(self, self._number, self._due_at, answer)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._load.ended(self, has_request=self._has_request)
