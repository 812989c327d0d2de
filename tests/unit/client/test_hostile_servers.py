"""A client among servers that do what they like: it comes to an end, with an error of its own."""

import asyncio
import gc
import gzip
import json
from contextlib import suppress
from dataclasses import replace
from http.cookiejar import Cookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onsale.client import (
    BadAnswerError,
    NoAnswerError,
    OnsaleError,
    ProblemError,
)
from onsale.client.call import Answer
from onsale.client.event_calls import get_event
from onsale.client.problems import (
    SeatConflictError,
)
from tests.support.either_client import BOTH_KINDS, QUICK, either_client
from tests.support.hostile_server import (
    falling_silent,
    hostile_server,
    http,
)
from tests.support.polling import wait_for
from tests.support.service_answers import (
    BOOKING,
    USER,
    problem,
    refusing,
)

pytestmark = BOTH_KINDS

MEDIA = {
    "get_event": "application/json",
    "follow_event": "text/event-stream",
    "download_tickets": "text/csv",
}


async def test_a_server_that_falls_silent_is_given_up(kind: str) -> None:
    options = replace(QUICK, answer_seconds_max=0.5, attempts_max=2)
    async with (
        hostile_server(falling_silent) as server,
        either_client(kind, server.url, options) as c,
    ):
        with pytest.raises(NoAnswerError) as told:
            await c.get_event(1)

        async def asked() -> int:
            return len(server.asked)

        # It may not have read yet what has been given up.
        await wait_for(asked, lambda count: count == 2)
    assert told.value.may_have_happened


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

    dripping = replace(QUICK, attempts_max=1, answer_seconds_max=0.2)
    flooding = replace(QUICK, attempts_max=1, answer_seconds_max=600.0, answer_bytes_max=1_000_000)
    for reply, error, options in (
        (drip, NoAnswerError, dripping),
        (flood, BadAnswerError, flooding),
    ):
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


@pytest.mark.parametrize("media", ["application/json", "text/plain", ""])
async def test_a_refusal_is_a_problem_document_or_none(kind: str, media: str) -> None:
    answer = refusing(404, "EVENT_NOT_FOUND", media)
    async with hostile_server(answer) as server, either_client(kind, server.url) as c:
        with pytest.raises(BadAnswerError) as told:
            await c.get_event(1)
    assert told.value.status == 404


async def test_a_word_or_field_that_is_not_known_does_no_harm(kind: str) -> None:
    newer = {**BOOKING, "status": "frozen", "tickets": [], "more": 1}
    async with (
        hostile_server(http(200, json.dumps(newer).encode())) as server,
        either_client(kind, server.url) as c,
    ):
        assert (await c.get_booking(BOOKING["id"])).status == "unknown"


DEEP = b"[" * 200_000 + b"]" * 200_000


@pytest.mark.parametrize(
    "answer",
    [
        http(200, b'{"zz":%b}' % DEEP),
        http(404, problem(404, "X")[:-1] + b',"x":%b}' % DEEP, "application/problem+json"),
        http(302, location="https://xn--a/"),
        http(302, location="http://\x01/"),
        http(302, location="http://h:99999999/"),
        http(302, location="x" * 100_000),
        http(200, b"{}", set_cookie="\x7f=;;=; expires=never; domain=.; max-age=x"),
        http(200, b"{}", content_length="9" * 5_000),
        http(200, b"{}", content_length="-1"),
        http(200, b"{}", transfer_encoding="chunked"),
        http(200, b"{}", transfer_encoding="gzip"),
        http(200, b"{}", content_type="caf\xe9"),
        http(200, b"{}", **{"x" * 200_000: "y"}),
        http(101, upgrade="websocket"),
        http(204, b"{}"),
        http(999, b"{}"),
    ],
    ids=lambda answer: answer[:70].decode("latin-1"),
)
async def test_an_answer_that_cannot_be_read_is_an_error_of_the_client(
    kind: str, answer: bytes
) -> None:
    options = replace(QUICK, attempts_max=2, reconnects_max=1)
    async with hostile_server(answer) as server, either_client(kind, server.url, options) as c:
        with pytest.raises((BadAnswerError, NoAnswerError)):
            await c.get_event(1)
        with pytest.raises((BadAnswerError, NoAnswerError)):
            await c.stream("follow_event", 1).all()
        with pytest.raises((BadAnswerError, NoAnswerError)):
            await c.stream("export_tickets", 1).all()


async def test_an_answer_does_no_harm_to_what_is_asked_next(kind: str) -> None:
    body = USER.partition(b"\r\n\r\n")[2]
    answers = [http(200, body, set_cookie=each) for each in ("a=caf\xe9", "a=\x7f", "a" * 60_000)]
    async with hostile_server(*answers, USER) as server, either_client(kind, server.url) as c:
        for _ in range(4):
            await c.get_current_user()
    assert not [each for each in server.asked if "cookie" in each.headers]


async def test_nothing_is_kept_of_what_answers_leave(kind: str) -> None:
    """A server could leave new cookies with every answer."""
    body = USER.partition(b"\r\n\r\n")[2]
    answers = [http(200, body, set_cookie=f"left-{n}=x; max-age=9999") for n in range(3)]
    async with hostile_server(*answers) as server, either_client(kind, server.url) as c:
        for _ in answers:
            await c.get_current_user()
        kept = [each for each in gc.get_objects() if isinstance(each, Cookie)]
        assert not [each for each in kept if each.name.startswith("left-")]


async def test_a_value_that_no_address_can_hold_is_said(kind: str) -> None:
    async with hostile_server(b"") as server, either_client(kind, server.url) as c:
        with pytest.raises(ValueError, match="too long"):
            await c.get_seat_map(1, "x" * 100_000, 1)
    assert not server.asked


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


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "identity, gzip", "br", "unheard-of"])
@pytest.mark.parametrize("name", ["get_event", "follow_event", "download_tickets"])
async def test_an_encoded_answer_is_refused(kind: str, encoding: str, name: str) -> None:
    bomb = http(200, gzip.compress(bytes(1_000_000)), MEDIA[name], content_encoding=encoding)
    options = replace(QUICK, attempts_max=1, reconnects_max=0)
    async with hostile_server(bomb) as server, either_client(kind, server.url, options) as c:
        with pytest.raises(BadAnswerError, match="encoded"):
            await (c.get_event(1) if name == "get_event" else c.stream(name, 1).all())
    assert [each.headers["accept-encoding"] for each in server.asked] == ["identity"]


@pytest.mark.parametrize("encoding", ["identity", "Identity"])
async def test_an_answer_that_says_that_it_is_plain_is_read(kind: str, encoding: str) -> None:
    body = USER.partition(b"\r\n\r\n")[2]
    answer = http(200, body, content_encoding=encoding)
    async with hostile_server(answer) as server, either_client(kind, server.url) as c:
        assert (await c.get_current_user()).email == "a@b"
