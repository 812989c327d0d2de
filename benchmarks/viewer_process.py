"""Viewers of an event in a process of their own, so that reading slows nobody else.

    python -m benchmarks.viewer_process plan.json report.json

The first is a :class:`ViewerPlan`, the second, which it writes, a :class:`ViewerReport`. How many
see the event is told on standard error, a number a line; the viewers stay until standard input
ends.
"""

import asyncio
import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import msgspec
import uvloop
from typing_extensions import override

OPENING_AT_ONCE = 100
OPEN_SECONDS_MAX = 30.0
PROGRESS_SECONDS = 0.5
STAY_SECONDS_MAX = 900.0
_FRAME_END = b"\n\n"
_DATA = b"data: "
_GRANTED = b"HTTP/1.1 200 "
_SNAPSHOT = b"event: initial_status\n"


class ViewerPlan(msgspec.Struct, kw_only=True):
    """So many viewers of one event; of each ``witness_every`` one writes down what it sees."""

    port: int
    event_id: int
    count: int
    witness_every: int = 50


class Step(msgspec.Struct, array_like=True):
    """From this moment, in seconds since 1970, so many seats were shown as reserved."""

    reserved: int
    at: float


class ViewerReport(msgspec.Struct, kw_only=True):
    """``witnesses`` hold for each subsection of section A the steps of its count."""

    lost_count: int
    received_bytes: int
    frame_count: int
    processor_seconds: float
    witnesses: list[dict[int, list[Step]]]


class _Part(msgspec.Struct):
    subsection: int
    reserved: int


class _Update(msgspec.Struct):
    sections: list[_Part]


@dataclass(slots=True)
class Crowd:
    """What all viewers have in common."""

    request: bytes
    seeing_count: int = 0
    lost_count: int = 0
    received_bytes: int = 0
    frame_count: int = 0
    is_leaving: bool = False
    transports: list[asyncio.Transport] = field(default_factory=list)


class Viewer(asyncio.Protocol):
    """Reads, and looks only for the first that it is shown of the event."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._head = b""
        self.seeing: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asked for its class: uvloop's transports have none of asyncio's.
        opened = cast("asyncio.Transport", transport)
        opened.write(self._crowd.request)
        self._crowd.transports.append(opened)

    @override
    def data_received(self, data: bytes) -> None:
        self._crowd.received_bytes += len(data)
        if self.seeing.done():
            return
        self._head += data
        if _SNAPSHOT in self._head:
            self._crowd.seeing_count += 1
            self._head = b""
            self.seeing.set_result(None)
        elif not self._head.startswith(_GRANTED):
            self.seeing.set_exception(ConnectionError(self._head.decode(errors="replace")))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._crowd.is_leaving:
            return
        self._crowd.lost_count += 1
        if not self.seeing.done():
            self.seeing.set_exception(ConnectionError("the stream ended before it began"))


class Witness(Viewer):
    """Reads every update. The server sends a frame as one chunk, so nothing stands within it."""

    def __init__(self, crowd: Crowd) -> None:
        super().__init__(crowd)
        self._rest = b""
        self._decoder = msgspec.json.Decoder(_Update)
        self.steps: dict[int, list[Step]] = {}

    @override
    def data_received(self, data: bytes) -> None:
        at = time.time()
        super().data_received(data)
        *frames, self._rest = (self._rest + data).split(_FRAME_END)
        for frame in frames:
            _, mark, body = frame.partition(_DATA)
            if mark:
                self._crowd.frame_count += 1
                for part in self._decoder.decode(body).sections:
                    self.steps.setdefault(part.subsection, []).append(Step(part.reserved, at))


async def run(plan: ViewerPlan) -> ViewerReport:
    """Open all streams, stay until told to go, and tell what was seen."""
    crowd = Crowd(f"GET /api/event/{plan.event_id}/sse HTTP/1.1\r\nHost: onsale\r\n\r\n".encode())
    witnesses = [Witness(crowd) for _ in range(0, plan.count, plan.witness_every)]
    viewers = [*witnesses, *(Viewer(crowd) for _ in range(plan.count - len(witnesses)))]
    places = asyncio.Semaphore(OPENING_AT_ONCE)
    telling = asyncio.create_task(_tell(crowd))
    await asyncio.gather(*(_open(viewer, plan.port, places) for viewer in viewers))
    telling.cancel()
    _tell_now(crowd)
    spent = _processor_seconds()
    async with asyncio.timeout(STAY_SECONDS_MAX):
        await _until_input_ends()
    spent = _processor_seconds() - spent
    crowd.is_leaving = True
    for transport in crowd.transports:
        transport.abort()
    return ViewerReport(
        lost_count=crowd.lost_count,
        received_bytes=crowd.received_bytes,
        frame_count=crowd.frame_count,
        processor_seconds=spent,
        witnesses=[witness.steps for witness in witnesses],
    )


async def _until_input_ends() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    await reader.read()


async def _open(viewer: Viewer, port: int, places: asyncio.Semaphore) -> None:
    async with places, asyncio.timeout(OPEN_SECONDS_MAX):
        await asyncio.get_running_loop().create_connection(lambda: viewer, "127.0.0.1", port)
        await viewer.seeing


async def _tell(crowd: Crowd) -> None:
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        _tell_now(crowd)


def _tell_now(crowd: Crowd) -> None:
    print(crowd.seeing_count, file=sys.stderr, flush=True)


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _allow_many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> int:
    """Read the plan, carry it out, write the report."""
    plan_path, report_path = map(Path, sys.argv[1:])
    plan = msgspec.json.decode(plan_path.read_bytes(), type=ViewerPlan)
    _allow_many_files()
    report_path.write_bytes(msgspec.json.encode(uvloop.run(run(plan))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
