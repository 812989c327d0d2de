"""A server that says a little, again and again, does not hold a call longer than was said."""

from dataclasses import replace

import pytest

from onsale.client import NoAnswerError, NotInTimeError
from tests.support.either_client import BOTH_KINDS, QUICK, either_client
from tests.support.hostile_server import Reply, dripping, hostile_server
from tests.support.service_answers import BOOKING, USER, view

pytestmark = BOTH_KINDS

SHORT = replace(
    QUICK,
    answer_seconds_max=0.3,
    silence_seconds_max=0.3,
    attempts_max=1,
    reconnects_max=0,
)
"""Far less than all pieces take, and far more than one."""


def head(kind: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\n" % kind.encode()


def drips(kind: str, whole: bytes, begun: bytes) -> dict[str, Reply]:
    """Each place of an answer where it can go on for long without getting anywhere; then comes
    what makes it ``whole``, save where that has ``begun`` before.
    """
    chunked = head(kind) + b"transfer-encoding: chunked\r\n\r\n"
    return {
        "head": dripping(head(kind) + b"x: ", b"x", b"\r\n\r\n" + whole),
        "interim": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n", head(kind) + b"\r\n" + whole),
        "chunk": dripping(chunked + b"%x;" % len(whole), b"x", b"\r\n" + whole + b"\r\n0\r\n\r\n"),
        "trailer": dripping(
            chunked + b"%x\r\n" % len(begun) + begun + b"\r\n0\r\nx: ", b"x", b"\r\n\r\n"
        ),
    }


JSON = USER.partition(b"\r\n\r\n")[2]
ANSWERS = drips("application/json", JSON, JSON)
STREAMS = drips("text/event-stream", view("completed"), view("processing"))
LISTS = drips("text/csv", b"section\r\n", b"section\r\n")


@pytest.mark.parametrize("place", ANSWERS)
async def test_an_answer_comes_in_time_or_not_at_all(kind: str, place: str) -> None:
    async with (
        hostile_server(ANSWERS[place]) as server,
        either_client(kind, server.url, SHORT) as c,
    ):
        with pytest.raises(NoAnswerError) as told:
            await c.get_current_user()
    assert told.value.may_have_happened


@pytest.mark.parametrize("place", STREAMS)
async def test_a_stream_says_something_in_time(kind: str, place: str) -> None:
    async with (
        hostile_server(STREAMS[place]) as server,
        either_client(kind, server.url, SHORT) as c,
    ):
        with pytest.raises(NoAnswerError):
            await c.stream("follow_booking", BOOKING["id"]).all()


@pytest.mark.parametrize("place", STREAMS)
async def test_waiting_ends_when_its_time_is_over_whatever_is_said(kind: str, place: str) -> None:
    options = replace(SHORT, silence_seconds_max=600.0)
    async with (
        hostile_server(STREAMS[place]) as server,
        either_client(kind, server.url, options) as c,
    ):
        with pytest.raises(NotInTimeError):
            await c.wait_for_seats(BOOKING["id"], seconds_max=0.3)


@pytest.mark.parametrize("place", LISTS)
async def test_a_list_goes_on_in_time(kind: str, place: str) -> None:
    async with (
        hostile_server(LISTS[place]) as server,
        either_client(kind, server.url, SHORT) as c,
    ):
        with pytest.raises(NoAnswerError):
            await c.stream("download_tickets", 1).all()
