"""What the benchmark counts: answers of the wanted kind, nothing lost, and floors it measured."""

import asyncio
import json

import pytest
from typing_extensions import override

from benchmarks.http_load import HttpLoad
from benchmarks.load_process import LoadPlan, LoadReport, requests_of, run
from benchmarks.results import against

ACCEPTED, REFUSED = 202, 409


def _report(statuses: dict[int, int], *, broken_count: int = 0) -> LoadReport:
    return LoadReport(
        began_at=0.0,
        ended_at=2.0,
        statuses=statuses,
        broken_count=broken_count,
        seconds=[],
        outcome_seconds=[],
        outcomes={},
        processor_seconds=0.0,
        late_seconds_max=0.0,
    )


def test_a_rate_of_refusals_has_only_refusals_in_it() -> None:
    report = _report({REFUSED: 60, ACCEPTED: 40})
    assert (report.per_second, report.per_second_of(REFUSED)) == (50, 30)
    assert _report({ACCEPTED: 40}).per_second_of(REFUSED) == 0


def test_a_load_that_was_answered_as_wanted_is_taken() -> None:
    _report({ACCEPTED: 100}).require(ACCEPTED, 100)


@pytest.mark.parametrize(
    "report",
    [
        _report({ACCEPTED: 99}),
        _report({ACCEPTED: 99, REFUSED: 1}),
        _report({ACCEPTED: 100}, broken_count=1),
        _report({}),
    ],
    ids=["lost", "refused", "broken", "nothing"],
)
def test_a_load_of_which_anything_was_lost_or_answered_otherwise_is_not(report: LoadReport) -> None:
    with pytest.raises(AssertionError):
        report.require(ACCEPTED, 100)


def test_a_figure_whose_floor_was_not_measured_is_judged_by_nothing() -> None:
    figure = against("2", "sell-out", 3_000, "/s", "http-floor", None, 0.5)
    assert (figure.floor, figure.ratio, figure.is_met, figure.target) == (None, None, None, "")
    assert against("2", "sell-out", 3_000, "/s", "http-floor", 5_000, 0.5).is_met is True
    assert against("2", "sell-out", 3_000, "/s", "http-floor", 9_000, 0.5).is_met is False


class _SlowToConnect(HttpLoad):
    """Connects once all that was to be sent is due."""

    are_all_due = asyncio.Event()

    @override
    async def _open(self) -> None:
        await self.are_all_due.wait()
        await super()._open()

    @override
    def _look_whether_all_are_answered(self) -> None:
        self.are_all_due.set()
        super()._look_whether_all_are_answered()


async def test_a_load_ends_once_all_is_answered_also_what_waited_for_a_connection() -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    plan = LoadPlan(port=server.sockets[0].getsockname()[1], count=1, tokens=[])
    load = _SlowToConnect("127.0.0.1", plan.port, requests_of(plan))
    async with server, load.connected(0), asyncio.timeout(5):
        await load.offer(1_000.0, plan.count)
    assert load.statuses == {ACCEPTED: 1}


async def test_a_booking_whose_stream_cannot_be_had_is_counted() -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        server.close()  # nobody else is let in
        body = json.dumps({"id": "0"}).encode()
        head = f"HTTP/1.1 {ACCEPTED} Accepted\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    plan = LoadPlan(port=port, count=1, tokens=["t"], bodies=["{}"], in_flight=1, follow_every=1)
    report = await run(plan)
    assert report.statuses == {ACCEPTED: 1}
    assert report.outcomes == {"no stream": 1}
    assert report.outcome_seconds == []
