"""Streams that are opened again when they break off, and lists that come in pieces."""

import asyncio
import json
from dataclasses import replace

import pytest

from onsale.client import (
    BadAnswerError,
    NoAnswerError,
    NotInTimeError,
)
from onsale.client.problems import (
    EventNotFoundError,
)
from onsale.client.ticket_list import LINE_CHARACTERS_MAX
from tests.support.either_client import BOTH_KINDS, QUICK, either_client
from tests.support.hostile_server import (
    hostile_server,
    http,
    stream,
)
from tests.support.service_answers import (
    BOOKING,
    UNAVAILABLE,
    refusing,
    view,
)

pytestmark = BOTH_KINDS

CSV = (
    b"section,subsection,row,seat,status,price_cents,price_decimal,currency,booking_id,"
    b"booked_at_utc\r\n"
)
LINE = b"A,1,1,%d,sold,1000,10.00,USD,018f0000-0000-7000-8000-000000000000,2030-01-01 00:00:00\r\n"


async def test_a_stream_that_breaks_off_is_opened_again(kind: str) -> None:
    replies = [
        stream(b"retry: 1\n\n", view("processing"), view("processing")[:50]),
        UNAVAILABLE,
        b"",
        stream(view("processing"), b": still here\n\n", view("pending_payment")),
        stream(view("pending_payment"), view("completed"), view("cancelled")),
    ]
    async with hostile_server(*replies) as server, either_client(kind, server.url) as c:
        seen = await c.stream("follow_booking", BOOKING["id"]).all()
    assert [each.status for each in seen] == ["processing", "pending_payment", "completed"]
    assert len(server.asked) == 5


async def test_a_stream_goes_on_after_the_last_event_where_the_server_numbers_them(
    kind: str,
) -> None:
    replies = [
        stream(b"id: 41\n", view("processing")),
        stream(b"id: 42\n", view("completed")),
    ]
    async with hostile_server(*replies) as server, either_client(kind, server.url) as c:
        await c.stream("follow_booking", BOOKING["id"]).all()
    assert [each.headers.get("last-event-id") for each in server.asked] == [None, "41"]


async def test_an_id_of_a_stream_is_given_back_byte_by_byte(kind: str) -> None:
    numbered = "id: café 席\n".encode()
    replies = [stream(numbered, view("processing")), stream(view("completed"))]
    async with hostile_server(*replies) as server, either_client(kind, server.url) as c:
        await c.stream("follow_booking", BOOKING["id"]).all()
    asked = server.asked[1].headers["last-event-id"]
    assert asked.encode("latin-1").decode() == "café 席"


@pytest.mark.parametrize("last_id", ["a\x01b", "\x7f", " a", "a\t", "z" * 1_001])
async def test_an_id_that_no_header_can_hold_is_a_bad_answer(kind: str, last_id: str) -> None:
    numbered = stream(f"id: {last_id}\n".encode(), view("processing"))
    async with hostile_server(numbered) as server, either_client(kind, server.url) as c:
        with pytest.raises(BadAnswerError, match="header"):
            await c.stream("follow_booking", BOOKING["id"]).all()
    assert len(server.asked) == 1 + QUICK.reconnects_max


async def test_a_stream_of_what_is_nested_without_end_is_given_up(kind: str) -> None:
    deep = b'data: {"zz":' + b"[" * 200_000 + b"\n\n"
    async with hostile_server(stream(deep)) as server, either_client(kind, server.url) as c:
        with pytest.raises(BadAnswerError):
            await c.stream("follow_booking", BOOKING["id"]).all()


async def test_a_stream_that_brings_nothing_new_is_given_up(kind: str) -> None:
    async with (
        hostile_server(stream(view("processing"))) as server,
        either_client(kind, server.url) as c,
    ):
        with pytest.raises(NoAnswerError):
            await c.stream("follow_booking", BOOKING["id"]).all()
    assert len(server.asked) == 1 + QUICK.reconnects_max


async def test_a_stream_of_garbage_is_given_up(kind: str) -> None:
    async with (
        hostile_server(stream(b"data: {]\n\n")) as server,
        either_client(kind, server.url) as c,
    ):
        with pytest.raises(BadAnswerError):
            await c.stream("follow_booking", BOOKING["id"]).all()


@pytest.mark.parametrize("media", ["text/plain", "application/json", ""])
@pytest.mark.parametrize("name", ["follow_event", "export_tickets"])
async def test_a_stream_of_something_else_is_refused(kind: str, media: str, name: str) -> None:
    said = b'data: {"status":"available","sections":[]}\n\n'
    answer = http(200, said if name == "follow_event" else CSV + LINE % 1, media)
    async with hostile_server(answer) as server, either_client(kind, server.url) as c:
        with pytest.raises(BadAnswerError):
            await c.stream(name, 1).all()


async def test_a_stream_whose_connections_bring_news_goes_on(kind: str) -> None:
    changes = ["processing", "pending_payment"] * 3
    replies = [stream(view(each)) for each in [*changes, "completed"]]
    options = replace(QUICK, reconnects_max=1)
    async with hostile_server(*replies) as server, either_client(kind, server.url, options) as c:
        seen = await c.stream("follow_booking", BOOKING["id"]).all()
    assert [each.status for each in seen] == [*changes, "completed"]


async def test_an_event_whose_connections_bring_news_goes_on(kind: str) -> None:
    def said(status: str) -> bytes:
        return b'data: {"status":"%b","sections":[]}\n\n' % status.encode()

    changes = ["draft", "available"] * 3
    options = replace(QUICK, reconnects_max=1)
    async with (
        hostile_server(*(stream(said(each)) for each in changes)) as server,
        either_client(kind, server.url, options) as c,
        c.stream("follow_event", 1) as views,
    ):
        seen = [str((await anext(views)).status) for _ in changes]
    assert seen == changes


async def test_a_stream_that_is_refused_is_not_opened_again(kind: str) -> None:
    async with (
        hostile_server(refusing(404, "EVENT_NOT_FOUND")) as server,
        either_client(kind, server.url) as c,
    ):
        with pytest.raises(EventNotFoundError):
            await c.stream("follow_event", 1).all()
    assert len(server.asked) == 1


async def test_waiting_for_seats_ends_in_time(kind: str) -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(stream(view("processing")))
        await writer.drain()
        await reader.read()

    async with hostile_server(hold) as server, either_client(kind, server.url) as c:
        with pytest.raises(NotInTimeError):
            await c.wait_for_seats(BOOKING["id"], seconds_max=0.2)


async def test_an_event_is_known_whole_after_each_step(kind: str) -> None:
    def part(number: int, available: int) -> dict[str, object]:
        counts = {"available": available, "reserved": 0, "sold": 0, "blocked": 0}
        return {
            "section": "A",
            "subsection": number,
            "price": 1,
            "rows": 1,
            "seats_per_row": 9,
            **counts,
        }

    def said(*parts: dict[str, object]) -> bytes:
        return b"data: %s\n\n" % json.dumps({"status": "available", "sections": parts}).encode()

    replies = [
        stream(said(part(1, 9), part(2, 9)), said(part(2, 8))),
        stream(said(part(1, 9), part(2, 8)), said(part(1, 7))),
    ]
    async with (
        hostile_server(*replies) as server,
        either_client(kind, server.url) as c,
        c.stream("follow_event", 1) as views,
    ):
        seen = [(await anext(views)) for _ in range(3)]
    assert [[one.available for one in each.sections] for each in seen] == [[9, 9], [9, 8], [7, 8]]
    assert [[one.available for one in each.changed] for each in seen] == [[9, 9], [8], [7]]


async def test_a_line_of_a_list_comes_to_an_end(kind: str) -> None:
    long = b"A" * LINE_CHARACTERS_MAX
    for line, said in ((long, "with a whole line"), (long + b"A", "has no end")):
        answer = http(200, CSV + line, "text/csv")
        async with hostile_server(answer) as server, either_client(kind, server.url) as c:
            with pytest.raises(BadAnswerError, match=said):
                await c.stream("export_tickets", 1).all()


async def test_a_list_that_is_cut_off_is_never_taken_for_whole(kind: str) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ntransfer-encoding: chunked\r\n\r\n"
    content = CSV + LINE % 1 + LINE % 2

    def chunked(*chunks: bytes) -> bytes:
        return head + b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in chunks)

    async with (
        hostile_server(chunked(content[:150], content[150:], b"")) as server,
        either_client(kind, server.url) as c,
    ):
        tickets = await c.stream("export_tickets", 1).all()
        assert [(each.seat, each.price_cents, each.status) for each in tickets] == [
            (1, 1000, "sold"),
            (2, 1000, "sold"),
        ]
    for cut in (chunked(content), chunked(content[:200])):
        async with hostile_server(cut) as server, either_client(kind, server.url) as c:
            with pytest.raises(NoAnswerError):
                await c.stream("export_tickets", 1).all()
            with pytest.raises(NoAnswerError):
                await c.stream("download_tickets", 1).all()
    for wrong in (b"", b"a,b\r\n1\r\n", CSV + b"A,one" + LINE, CSV + LINE[:20], b'"' + CSV):
        async with (
            hostile_server(chunked(wrong, b"") if wrong else head + b"0\r\n\r\n") as server,
            either_client(kind, server.url) as c,
        ):
            with pytest.raises(BadAnswerError):
                await c.stream("export_tickets", 1).all()
