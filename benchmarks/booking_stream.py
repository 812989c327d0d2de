"""Bookings at a steady pace, by a client that costs little: the box is the system's."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import urlsplit

CONNECTION_COUNT = 32
ANSWER_SECONDS_MAX = 30.0
_LENGTH = b"content-length:"


@dataclass(slots=True)
class BookingStream:
    """Books the best seats of these subsections of section A, in turn, for these sessions."""

    base_url: str
    tokens: Sequence[str]
    event_id: int
    subsections: Sequence[int]
    quantity: int = 2
    latencies_seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    late_count: int = 0
    _free: asyncio.Queue["_Connection"] = field(default_factory=asyncio.Queue)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["BookingStream"]:
        """Connections are open within the block."""
        address = urlsplit(self.base_url)
        opened = [
            await _Connection.open(address.hostname or "", address.port or 80)
            for _ in range(CONNECTION_COUNT)
        ]
        for connection in opened:
            self._free.put_nowait(connection)
        try:
            yield self
        finally:
            for connection in opened:
                connection.writer.close()

    async def book(self, count: int) -> None:
        """So many bookings, as fast as the connections take them."""
        requests = self._requests()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(count):
                connection = await self._free.get()
                tasks.create_task(self._send(connection, next(requests)))

    async def book_steadily(self, per_second: float, stop: asyncio.Event) -> None:
        """Send one every so often until told to stop; a request waits for no other's answer."""
        requests, due = self._requests(), time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            while not stop.is_set():
                due += 1 / per_second
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if self._free.empty():
                    self.late_count += 1  # every connection waits for an answer
                connection = await self._free.get()
                tasks.create_task(self._send(connection, next(requests)))

    async def _send(self, connection: "_Connection", request: bytes) -> None:
        began = time.monotonic()
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            status = await connection.exchange(request)
        self.latencies_seconds.append(time.monotonic() - began)
        self.statuses[status] += 1
        self._free.put_nowait(connection)

    def _requests(self) -> Iterator[bytes]:
        for token, subsection in zip(cycle(self.tokens), cycle(self.subsections), strict=False):
            body = json.dumps(
                {
                    "event_id": self.event_id,
                    "section": "A",
                    "subsection": subsection,
                    "seat_selection_mode": "best_available",
                    "seat_positions": [],
                    "quantity": self.quantity,
                }
            ).encode()
            head = (
                f"POST /api/booking HTTP/1.1\r\nHost: onsale\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            yield head.encode() + body


@dataclass(slots=True)
class _Connection:
    host: str
    port: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, host: str, port: int) -> "_Connection":
        return cls(host, port, *await asyncio.open_connection(host, port))

    async def exchange(self, request: bytes) -> int:
        """Send a request, read its answer to the end, and return the status."""
        try:
            return await self._exchange(request)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if isinstance(error, asyncio.IncompleteReadError) and error.partial:
                raise
            # The server closes what was idle for too long, perhaps just now.
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
            return await self._exchange(request)

    async def _exchange(self, request: bytes) -> int:
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        at = head.lower().index(_LENGTH) + len(_LENGTH)
        await self.reader.readexactly(int(head[at : head.index(b"\r\n", at)]))
        return int(head.split(b" ", 2)[1])


def percentiles(values: Sequence[float]) -> str:
    """The median, the 99th percentile and the largest, in milliseconds."""
    if not values:
        return "none"
    ordered = sorted(values)
    chosen = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    median, high = (round(1000 * value) for value in chosen)
    return f"{median} ms median, {high} ms p99, {round(1000 * ordered[-1])} ms worst"
