"""The load in a process of its own, so that what it costs is known and slows nobody else.

    python -m benchmarks.load_process plan.json report.json

The first is a :class:`LoadPlan`, the second, which it writes, a :class:`LoadReport`; while it runs,
how far it has come is told on standard error, a number a line.
"""

import asyncio
import itertools
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec
import uvloop
from typing_extensions import override

from benchmarks.http_load import HttpLoad

PROGRESS_SECONDS = 0.25
OUTCOME_SECONDS_MAX = 30.0
_DATA, _STATUS = b"data: ", b'"status":"'
_NO_STREAM = "no stream"


class LoadPlan(msgspec.Struct, kw_only=True):
    """What to ask. Tokens and bodies take turns, each for itself; a request without a body is a
    ``GET``; connections go to ``port`` and ``more_ports`` in turn. With ``per_second`` requests
    leave at that pace, else ``in_flight`` are under way. Of every ``follow_every``-th booking that
    is accepted the stream is followed to its outcome.
    """

    port: int
    count: int
    tokens: list[str]
    more_ports: list[int] = []
    path: str = "/api/booking"
    bodies: list[str] = []
    in_flight: int = 256
    per_second: float | None = None
    follow_every: int = 0


class LoadReport(msgspec.Struct, kw_only=True):
    """What came of it; moments in seconds since 1970, times in seconds."""

    began_at: float
    ended_at: float
    statuses: dict[int, int]
    broken_count: int
    seconds: list[float]
    outcome_seconds: list[float]
    outcomes: dict[str, int]
    processor_seconds: float
    late_seconds_max: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return sum(self.statuses.values()) / (self.ended_at - self.began_at)

    def per_second_of(self, status: int) -> float:
        """Answers a second that had this status."""
        return self.statuses.get(status, 0) / (self.ended_at - self.began_at)

    def require(self, status: int, count: int) -> None:
        """Nothing was answered otherwise, and nothing lost: errors are fast, and show no speed.

        Raises:
            AssertionError: something was.
        """
        wanted = {status: count}
        assert self.statuses == wanted, f"answers by status: {self.statuses}, not {wanted}"
        assert not self.broken_count, f"{self.broken_count} connections broke"


def requests_of(plan: LoadPlan) -> Iterator[bytes]:
    """The plan's requests, ready to be sent."""
    heads = [f"Host: onsale\r\nAuthorization: Bearer {token}\r\n".encode() for token in plan.tokens]
    if not plan.bodies:
        first = f"GET {plan.path} HTTP/1.1\r\n".encode()
        for head in itertools.cycle(heads or [b"Host: onsale\r\n"]):
            yield b"%b%b\r\n" % (first, head)
    first = f"POST {plan.path} HTTP/1.1\r\nContent-Type: application/json\r\n".encode()
    tails = [b"Content-Length: %d\r\n\r\n%b" % (len(body), body.encode()) for body in plan.bodies]
    for head, tail in zip(itertools.cycle(heads), itertools.cycle(tails), strict=False):
        yield b"%b%b%b" % (first, head, tail)


async def run(plan: LoadPlan) -> LoadReport:
    """Carry the plan out."""
    followers = _Followers(plan)
    load = HttpLoad(
        "127.0.0.1",
        plan.port,
        requests_of(plan),
        more_ports=plan.more_ports,
        on_answer=followers.on_answer if plan.follow_every else None,
    )
    telling = asyncio.create_task(_tell(load))
    async with load.connected(plan.in_flight):
        spent, began_at = _processor_seconds(), time.time()
        if plan.per_second is None:
            await load.saturate(plan.count, in_flight=plan.in_flight)
        else:
            await load.offer(plan.per_second, plan.count)
        ended_at = time.time()
        await followers.finish()
        spent = _processor_seconds() - spent
    telling.cancel()
    return LoadReport(
        began_at=began_at,
        ended_at=ended_at,
        statuses=dict(load.statuses),
        broken_count=load.broken_count,
        seconds=[round(each, 6) for each in load.seconds],
        outcome_seconds=[round(each, 6) for each in followers.seconds],
        outcomes=dict(followers.outcomes),
        processor_seconds=spent,
        late_seconds_max=load.late_seconds_max,
    )


async def _tell(load: HttpLoad) -> None:
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        print(load.answered_count, file=sys.stderr, flush=True)


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class _Followers:
    """Those who watch their booking until it is no longer processing."""

    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._running: set[asyncio.Task[None]] = set()
        self.seconds: list[float] = []
        self.outcomes: Counter[str] = Counter()

    def on_answer(self, number: int, status: int, due_at: float, answer: bytes) -> None:
        if number % self._plan.follow_every or status != 202:  # noqa: PLR2004 - accepted
            return
        booking_id = json.loads(answer[answer.index(b"\r\n\r\n") :])["id"]
        token = self._plan.tokens[number % len(self._plan.tokens)]
        task = asyncio.create_task(self._follow(booking_id, token, due_at))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _follow(self, booking_id: str, token: str, due_at: float) -> None:
        loop = asyncio.get_running_loop()
        known: asyncio.Future[str] = loop.create_future()
        try:
            transport, _ = await loop.create_connection(
                lambda: _Stream(booking_id, token, known), "127.0.0.1", self._plan.port
            )
        except OSError:
            self.outcomes[_NO_STREAM] += 1
            return
        try:
            async with asyncio.timeout(OUTCOME_SECONDS_MAX):
                outcome = await known
            self.seconds.append(time.perf_counter() - due_at)
        except TimeoutError:
            outcome = "none in time"
        finally:
            transport.close()
        self.outcomes[outcome] += 1

    async def finish(self) -> None:
        while self._running:
            await asyncio.wait(set(self._running))


class _Stream(asyncio.Protocol):
    """A booking's stream, read as far as its first status but ``processing``."""

    def __init__(self, booking_id: str, token: str, known: asyncio.Future[str]) -> None:
        self._request = (
            f"GET /api/booking/{booking_id}/sse HTTP/1.1\r\nHost: onsale\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        ).encode()
        self._known = known
        self._received = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._request)

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        at = self._received.find(_STATUS, self._received.rfind(_DATA))
        status, quote, _ = self._received[at + len(_STATUS) :].partition(b'"')
        if at >= 0 and quote and status != b"processing" and not self._known.done():
            self._known.set_result(status.decode())

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self._known.done():
            self._known.set_result(_NO_STREAM)


def main() -> int:
    """Read the plan, carry it out, write the report."""
    plan_path, report_path = map(Path, sys.argv[1:])
    plan = msgspec.json.decode(plan_path.read_bytes(), type=LoadPlan)
    report_path.write_bytes(msgspec.json.encode(uvloop.run(run(plan))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
