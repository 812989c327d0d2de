"""What drills compute from what was seen, and how they share requests out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from drills.balanced import Balanced
from drills.judged import Gap, longest_gap
from drills.restoring import _as_it_counts, _grouped
from onsale.platform.embedded.ports import free_port
from storm.history import Operation

POINT_AT, RESTORED_AT = 10.0, 20.0


@pytest.mark.parametrize(
    ("moments", "gap"),
    [
        ([], Gap(10.0, 0.0)),
        ([1.0, 2.0, 6.0, 9.5], Gap(4.0, 2.0)),
        ([6.0], Gap(6.0, 0.0)),
        ([2.0], Gap(8.0, 2.0)),
        ([-5.0, 4.0, 40.0], Gap(6.0, 4.0)),
    ],
    ids=["nothing at all", "in the middle", "before the first", "after the last", "outside"],
)
def test_the_longest_gap_is_found(moments: list[float], gap: Gap) -> None:
    assert longest_gap(moments, 0.0, 10.0) == gap


async def test_a_request_that_cannot_be_sent_goes_to_another_process() -> None:
    async with _api(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n") as (port, heard):
        proxy = Balanced([free_port(), port])
        async with proxy.connections() as client:
            answers = [await client.post("/api/booking") for _ in range(2)]
    assert [each.status_code for each in answers] == [202, 202]
    assert len(heard) == proxy.accepted[port] == 2


async def test_a_request_that_was_sent_is_not_sent_again() -> None:
    async with _api(b"") as (port, heard), _api(b"") as (other_port, heard_by_other):
        proxy = Balanced([port, other_port])
        async with proxy.connections() as client:
            with pytest.raises(httpx.RemoteProtocolError):
                await client.post("/api/booking")
    assert len(heard) + len(heard_by_other) == 1


@asynccontextmanager
async def _api(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answers each request with the same bytes, and hangs up; its port, and what it heard."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1]), heard


def _operation(kind: str, sent_at: float, answered_at: float, booking_id: str) -> Operation:
    return Operation(
        number=0,
        client="buyer",
        kind=kind,
        sent_at=sent_at,
        answered_at=answered_at,
        booking_id=booking_id,
        status=200,
    )


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        (_operation("pay", 1.0, 2.0, "kept"), 200),
        (_operation("pay", 9.0, 11.0, "kept"), None),
        (_operation("cancel", 12.0, 13.0, "kept"), None),
        (_operation("book", 9.0, 11.0, "kept"), 200),
        (_operation("pay", 21.0, 22.0, "kept"), 200),
    ],
    ids=["before", "across the point", "after it", "its row is there", "after the restore"],
)
def test_what_was_said_after_the_point_no_longer_binds(
    operation: Operation, status: int | None
) -> None:
    counted = _as_it_counts(operation, {"kept"}, POINT_AT, RESTORED_AT)
    assert counted is not None
    assert counted.status == status


def test_what_is_about_a_lost_booking_does_not_count() -> None:
    lost = _operation("book", 12.0, 13.0, "lost")
    assert _as_it_counts(lost, {"kept"}, POINT_AT, RESTORED_AT) is None


def _promised(booking_id: str, answered_at: float) -> Operation:
    return replace(_operation("book", answered_at - 2.0, answered_at, booking_id), status=202)


def test_each_accepted_booking_is_in_one_group_and_those_of_the_second_sale_in_none() -> None:
    operations = [
        _promised("kept", 8.0),
        _promised("gone", 9.0),
        _promised("stored before, answered after", 11.0),
        _promised("lost", 15.0),
        _promised("of the second sale", 21.0),
        # Asked for again, and answered again.
        _promised("kept", 12.0),
        # Not a promise.
        _operation("book", 8.0, 9.0, "refused"),
    ]
    rows = {"kept", "stored before, answered after", "of the second sale"}
    accepted = _grouped(operations, rows, POINT_AT, RESTORED_AT)
    assert accepted.kept == {"kept"}
    assert accepted.gone == {"gone"}
    assert accepted.stored_before == {"stored before, answered after"}
    assert accepted.lost == {"lost"}
    assert accepted.total == 4
