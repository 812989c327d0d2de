"""A client among servers that do what they like: it repeats what is safe, and comes to an end."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onsale.client import (
    BadAnswerError,
    NoAnswerError,
    NotInTimeError,
    OnsaleError,
    ProblemError,
)
from onsale.client.booking_calls import pay_booking
from onsale.client.call import Answer
from onsale.client.event_calls import get_event, get_seat_map
from onsale.client.problems import (
    EventNotFoundError,
    PaymentUnknownError,
    RateLimitedError,
    SeatConflictError,
    UnavailableError,
)
from onsale.client.user_calls import log_in
from tests.support.either_client import BOTH_KINDS, QUICK, either_client
from tests.support.hostile_server import (
    falling_silent,
    hostile_server,
    http,
    stream,
)

pytestmark = BOTH_KINDS

BOOKING: dict[str, Any] = {
    "id": "018f0000-0000-7000-8000-000000000000",
    "event_id": 1,
    "section": "A",
    "subsection": 1,
    "seat_selection_mode": "best_available",
    "quantity": 1,
    "seat_positions": [],
    "total_price": 1000,
    "currency": "USD",
    "status": "processing",
    "failure_reason": None,
    "cancel_reason": None,
    "expires_at": None,
    "created_at": "2030-01-01T00:00:00Z",
    "paid_at": None,
    "status_url": "/x",
}
ACCEPTED = http(202, json.dumps(BOOKING).encode())
USER = http(
    200, b'{"id":1,"email":"a@b","name":"A","role":"buyer","is_active":true,"access_token":"t"}'
)
HALF = USER[:-30]
GARBAGE = http(200, b"\xff\x00{]")


def problem(status: int, code: str, **members: object) -> bytes:
    body = {"type": "urn:x", "title": "No", "status": status, "detail": "no", "code": code}
    return json.dumps({**body, **members}).encode()


def refusing(
    status: int, code: str, kind: str = "application/problem+json", **headers: str
) -> bytes:
    return http(status, problem(status, code), kind, **headers)


UNAVAILABLE = refusing(503, "UNAVAILABLE", retry_after="0")


def view(status: str) -> bytes:
    data = json.dumps({**BOOKING, "status": status, "tickets": []})
    return f"event: status_update\ndata: {data}\n\n".encode()


@pytest.mark.parametrize(
    "trouble",
    [b"", b"HTTP", HALF, GARBAGE, UNAVAILABLE, http(502, b"<html>", "text/html"), b"\x16\x03\x01"],
    ids=["closed", "no answer", "cut off", "garbage", "503", "a proxy's page", "no HTTP"],
)
async def test_what_reads_is_asked_again(kind: str, trouble: bytes) -> None:
    async with (
        hostile_server(trouble, trouble, USER) as server,
        either_client(kind, server.url) as c,
    ):
        assert (await c.get_current_user()).email == "a@b"
    assert len(server.asked) == 3


@pytest.mark.parametrize("trouble", [b"", ACCEPTED[:-20], UNAVAILABLE, http(202, b"{}")])
async def test_a_booking_is_asked_for_again_with_the_same_key(kind: str, trouble: bytes) -> None:
    async with (
        hostile_server(trouble, trouble, ACCEPTED) as server,
        either_client(kind, server.url) as c,
    ):
        await c.create_booking(1, "A", 1)
        await c.create_booking(1, "A", 1)
    first, *repeats, other = [each.headers["idempotency-key"] for each in server.asked]
    assert repeats == [first, first]
    assert other != first
    assert {each.body for each in server.asked} == {server.asked[0].body}


async def test_a_payment_that_is_still_under_way_is_waited_for(kind: str) -> None:
    paid = http(
        200,
        b'{"id":"%s","status":"completed","payment_id":"p","paid_at":null}'
        % BOOKING["id"].encode(),
    )
    under_way = refusing(409, "PAYMENT_IN_PROGRESS")
    async with hostile_server(b"", under_way, paid) as server, either_client(kind, server.url) as c:
        assert (await c.pay_booking(BOOKING["id"], "4242424242424242")).payment_id == "p"
    # Somebody else's is not.
    async with hostile_server(under_way, paid) as server, either_client(kind, server.url) as c:
        with pytest.raises(ProblemError, match="no"):
            await c.pay_booking(BOOKING["id"], "4242424242424242")


async def test_a_payment_that_is_not_known_is_told_with_its_key(kind: str) -> None:
    async with (
        hostile_server(refusing(504, "PAYMENT_UNKNOWN"), b"") as server,
        either_client(kind, server.url) as c,
    ):
        with pytest.raises(PaymentUnknownError) as told:
            await c.pay_booking(BOOKING["id"], "4242424242424242")
    assert [each.headers["idempotency-key"] for each in server.asked] == [
        told.value.idempotency_key
    ]


UNSAFE = {
    "register": ("a@b", "password", "A", "buyer"),
    "log_out": (),
    "create_event": ({},),
    "update_event": (1, {}),
    "cancel_event": (1,),
    "admit_ticket": (1, "x"),
    "block_seats": (1, "A", 1, ["1-1"]),
    "unblock_seats": (1, "A", 1, ["1-1"]),
    "cancel_booking": (BOOKING["id"],),
}


@pytest.mark.parametrize("name", UNSAFE)
@pytest.mark.parametrize("trouble", [b"", http(200, b"{}"), UNAVAILABLE], ids=["cut", "bad", "503"])
async def test_what_might_be_done_twice_is_asked_once(kind: str, name: str, trouble: bytes) -> None:
    async with hostile_server(trouble) as server, either_client(kind, server.url) as c:
        with pytest.raises(OnsaleError):
            await getattr(c, name)(*UNSAFE[name])
    assert len(server.asked) == 1


async def test_what_was_certainly_not_heard_is_asked_again(kind: str) -> None:
    limited = refusing(429, "RATE_LIMITED", retry_after="0")
    cancelled = http(200, b'{"id":"%s","status":"cancelled"}' % BOOKING["id"].encode())
    async with hostile_server(limited, cancelled) as server, either_client(kind, server.url) as c:
        await c.cancel_booking(BOOKING["id"])
    assert len(server.asked) == 2
    # Nobody listens there any more.
    options = replace(QUICK, backoff_seconds_first=0.001)
    async with either_client(kind, server.url, options) as c:
        with pytest.raises(NoAnswerError) as told:
            await c.cancel_booking(BOOKING["id"])
    assert not told.value.may_have_happened


async def test_a_probe_is_asked_once(kind: str) -> None:
    async with hostile_server(UNAVAILABLE) as server, either_client(kind, server.url) as c:
        for name in ("livez", "readyz", "metrics"):
            with pytest.raises(UnavailableError):
                await getattr(c, name)()
    assert len(server.asked) == 3


async def test_attempts_come_to_an_end(kind: str) -> None:
    async with hostile_server(UNAVAILABLE) as server, either_client(kind, server.url) as c:
        with pytest.raises(UnavailableError):
            await c.get_event(1)
    assert len(server.asked) == QUICK.attempts_max


async def test_nobody_waits_longer_than_was_said(kind: str) -> None:
    later = refusing(429, "RATE_LIMITED", retry_after="3600")
    async with hostile_server(later) as server, either_client(kind, server.url) as c:
        with pytest.raises(RateLimitedError) as told:
            await c.get_event(1)
    assert (len(server.asked), told.value.retry_after_seconds) == (1, 3600.0)


async def test_a_server_that_falls_silent_is_given_up(kind: str) -> None:
    options = replace(QUICK, answer_seconds_max=0.05, attempts_max=2)
    async with (
        hostile_server(falling_silent) as server,
        either_client(kind, server.url, options) as c,
    ):
        with pytest.raises(NoAnswerError) as told:
            await c.get_event(1)
    assert (len(server.asked), told.value.may_have_happened) == (2, True)


async def test_a_server_that_never_ends_is_given_up(kind: str) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" " * 65_536)
            await writer.drain()

    options = replace(QUICK, answer_seconds_max=0.2, answer_bytes_max=1_000_000, attempts_max=1)
    for reply, error in ((drip, NoAnswerError), (flood, BadAnswerError)):
        async with hostile_server(reply) as server, either_client(kind, server.url, options) as c:
            with pytest.raises(error):
                await c.get_event(1)


@pytest.mark.parametrize("status", [200, 301, 404])
async def test_who_is_not_the_service_is_told_from_it(kind: str, status: int) -> None:
    page = http(status, b"<html>", "text/html", location="http://127.0.0.1:1/")
    options = replace(QUICK, attempts_max=1)
    async with hostile_server(page) as server, either_client(kind, server.url, options) as c:
        with pytest.raises(BadAnswerError) as told:
            await c.get_event(1)
    assert told.value.status == status


async def test_a_refusal_has_all_that_the_service_says(kind: str) -> None:
    content = problem(409, "SEAT_CONFLICT", seats=["1-1"], alternatives=[["1-2"]], new="thing")
    conflict = http(409, content, "application/problem+json", x_request_id="r-7")
    async with hostile_server(conflict) as server, either_client(kind, server.url) as c:
        with pytest.raises(SeatConflictError) as told:
            await c.create_booking(1, "A", 1, seats=["1-1"])
    error = told.value
    assert (error.status, error.code, error.detail) == (409, "SEAT_CONFLICT", "no")
    assert (error.seats, error.alternatives) == (("1-1",), (("1-2",),))
    assert (error.request_id, error.extras["new"]) == ("r-7", "thing")
    assert error.idempotency_key == server.asked[0].headers["idempotency-key"]


async def test_a_code_that_is_not_known_is_a_problem_all_the_same(kind: str) -> None:
    async with (
        hostile_server(refusing(418, "TEAPOT")) as server,
        either_client(kind, server.url) as c,
    ):
        with pytest.raises(ProblemError) as told:
            await c.get_event(1)
    assert (type(told.value), told.value.code) == (ProblemError, "TEAPOT")


async def test_a_word_or_field_that_is_not_known_does_no_harm(kind: str) -> None:
    newer = {**BOOKING, "status": "frozen", "tickets": [], "more": 1}
    async with (
        hostile_server(http(200, json.dumps(newer).encode())) as server,
        either_client(kind, server.url) as c,
    ):
        assert (await c.get_booking(BOOKING["id"])).status == "unknown"


# --- Streams ------------------------------------------------------------------------------------


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


CSV = (
    b"section,subsection,row,seat,status,price_cents,price_decimal,currency,booking_id,"
    b"booked_at_utc\r\n"
)
LINE = b"A,1,1,%d,sold,1000,10.00,USD,018f0000-0000-7000-8000-000000000000,2030-01-01 00:00:00\r\n"


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


async def test_a_page_that_leads_to_itself_is_found_out(kind: str) -> None:
    page = http(200, b'{"items":[],"next_cursor":"again"}')
    async with hostile_server(page) as server, either_client(kind, server.url) as c:
        with pytest.raises(BadAnswerError):
            await c.stream("all_events").all()
    assert len(server.asked) == 2


# --- Guards -------------------------------------------------------------------------------------


async def test_each_goes_by_its_own_token_and_no_cookie(kind: str) -> None:
    with_cookie = http(
        200, USER.partition(b"\r\n\r\n")[2], set_cookie="onsale_session=theirs; path=/"
    )
    async with hostile_server(with_cookie) as server, either_client(kind, server.url) as c:
        await c.log_in("a@b", "password")
        await c.get_current_user()
        other = c.as_user("other")
        await other.get_current_user()
        await c.as_user(None).get_current_user()
    assert [each.headers.get("authorization") for each in server.asked] == [
        None,
        "Bearer t",
        "Bearer other",
        None,
    ]
    assert not [each for each in server.asked if "cookie" in each.headers]


async def test_nothing_secret_shows_when_things_are_printed(kind: str) -> None:
    async with hostile_server(USER) as server, either_client(kind, server.url) as c:
        session = await c.log_in("a@b", "hidden-word")
        assert "access_token" not in repr(session)
        assert "'t'" not in repr(c.client.core)
    assert "hidden-word" not in repr(log_in("a@b", "hidden-word"))
    assert "4242" not in repr(pay_booking(BOOKING["id"], "4242424242424242"))


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_no_value_leads_to_another_address(kind: str, name: str) -> None:
    with pytest.raises(ValueError, match="section"):
        get_seat_map(1, name, 1).target()
    assert (
        get_seat_map(1, "a/../b?c#d", 1).target()
        == "/api/event/1/sections/a%2F..%2Fb%3Fc%23d/subsection/1/seats"
    )


@given(
    st.integers(100, 599),
    st.binary(max_size=200),
    st.sampled_from(["application/json", "application/problem+json", ""]),
)
def test_any_answer_is_understood_or_an_error_of_the_client(
    kind: str, status: int, body: bytes, media: str
) -> None:
    answer = Answer(status, {"content-type": media, "retry-after": body.decode("latin-1")}, body)
    with suppress(OnsaleError):
        get_event(1).understand(answer)
