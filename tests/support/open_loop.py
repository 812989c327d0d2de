"""Requests offered at a rate, whether or not earlier ones were answered, as a crowd does it.

On bare connections: a client library costs more per request than the server does, and hides whether
an answer was cut off or never begun.
"""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

ANSWER_SECONDS_MAX = 30.0
IDLE_SECONDS_MAX = 2.0
"""A connection that was idle for longer is not used again: the server may be about to close it."""
_PAUSE_SECONDS = 0.002
_MEGABYTE = 1_000_000


class End(Enum):
    """How a request ended."""

    ANSWERED = "answered"
    REFUSED = "no connection"
    RESET = "closed before an answer began"
    CUT_OFF = "cut off in the middle of an answer"
    UNANSWERED = "no answer in time"


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent: ``kind`` groups calls in the report."""

    kind: str
    method: str
    path: str
    token: str = ""
    body: object = None

    def encode(self) -> bytes:
        body = b"" if self.body is None else json.dumps(self.body).encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: onsale"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call went; times in seconds, ``sent_at`` since the load began."""

    kind: str
    sent_at: float
    seconds: float
    end: End
    status: int = 0
    body: bytes = b""
    is_closing: bool = False


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    idle_since: float = 0.0


@dataclass(slots=True)
class OpenLoop:
    """``next_call`` says what to send; ``rate`` is in requests a second.

    ``lateness_seconds_max`` is what this side was late by itself, on a busy machine: the times of
    answers cannot be told more exactly.
    """

    port: int
    rate: float
    next_call: Callable[[], Call]
    outcomes: list[Outcome] = field(default_factory=list)
    in_flight_count_max: int = 0
    lateness_seconds_max: float = 0.0
    _idle: deque[_Connection] = field(default_factory=deque)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _began_at: float = 0.0

    async def run(self, seconds: float) -> None:
        """Offer requests for so long, and return when all of them have ended."""
        self._began_at = time.monotonic()
        sent_count = 0
        while (elapsed := self.elapsed()) < seconds:
            while sent_count < elapsed * self.rate:
                sent_count += 1
                task = asyncio.create_task(self._send(self.next_call()))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            self.in_flight_count_max = max(self.in_flight_count_max, len(self._under_way))
            before = self.elapsed()
            await asyncio.sleep(_PAUSE_SECONDS)
            late_by = self.elapsed() - before - _PAUSE_SECONDS
            self.lateness_seconds_max = max(self.lateness_seconds_max, late_by)
        if self._under_way:
            await asyncio.wait(self._under_way)
        while self._idle:
            self._idle.pop().writer.close()

    def elapsed(self) -> float:
        """Seconds since the load began."""
        return time.monotonic() - self._began_at

    async def _send(self, call: Call) -> None:
        sent_at = self.elapsed()
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                end, status, body, is_closing = await self._exchange(call)
        except TimeoutError:
            end, status, body, is_closing = End.UNANSWERED, 0, b"", False
        seconds = self.elapsed() - sent_at
        self.outcomes.append(Outcome(call.kind, sent_at, seconds, end, status, body, is_closing))

    async def _exchange(self, call: Call) -> tuple[End, int, bytes, bool]:
        try:
            connection = await self._connect()
        except OSError:
            return End.REFUSED, 0, b"", False
        head = b""
        is_reusable = False
        try:
            connection.writer.write(call.encode())
            head = await connection.reader.readuntil(b"\r\n\r\n")
            status, length, is_closing = _read_head(head)
            body = await connection.reader.readexactly(length)
            is_reusable = not is_closing
        except asyncio.IncompleteReadError as error:
            has_begun = bool(head or error.partial)
            return End.CUT_OFF if has_begun else End.RESET, 0, b"", False
        except OSError:
            return End.CUT_OFF if head else End.RESET, 0, b"", False
        else:
            return End.ANSWERED, status, body, is_closing
        finally:
            if is_reusable:
                connection.idle_since = time.monotonic()
                self._idle.append(connection)
            else:
                connection.writer.close()

    async def _connect(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            is_fresh = time.monotonic() - connection.idle_since < IDLE_SECONDS_MAX
            if is_fresh and not connection.reader.at_eof():
                return connection
            connection.writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=_MEGABYTE)
        return _Connection(reader, writer)

    def answers(self, status: int, kind: str | None = None) -> list[Outcome]:
        """The calls that were answered so."""
        return [
            each
            for each in self.outcomes
            if each.status == status and (kind is None or each.kind == kind)
        ]

    def tally(self) -> Counter[str]:
        """How many ended how: by status, or in words where there was none."""
        return Counter(
            str(each.status) if each.end is End.ANSWERED else each.end.value
            for each in self.outcomes
        )

    def latency_seconds(self, share: float) -> float:
        """So large a share of all answers came within this time."""
        times = sorted(each.seconds for each in self.outcomes if each.end is End.ANSWERED)
        return times[min(len(times) - 1, int(len(times) * share))] if times else 0.0


def _read_head(head: bytes) -> tuple[int, int, bool]:
    status_line, *lines = head.decode("latin-1").rstrip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return (
        int(status_line.split(" ", 2)[1]),
        int(headers.get("content-length", "0")),
        headers.get("connection") == "close",
    )
