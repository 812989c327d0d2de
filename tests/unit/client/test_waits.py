"""How long a client waits before it asks again, by a clock that the test holds."""

import email.utils
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from onsale.client import ClientOptions, NoAnswerError, OnsaleError
from tests.support.either_client import BOTH_KINDS, EitherClient, either_client
from tests.support.hostile_server import Reply, hostile_server, stream
from tests.support.service_answers import BOOKING, UNAVAILABLE, USER, refusing, view

pytestmark = BOTH_KINDS

PATIENT = ClientOptions(attempts_seconds_max=1e6, chance=lambda: 1.0, monotonic=lambda: 0.0)


@asynccontextmanager
async def waiting(
    kind: str, options: ClientOptions, *replies: Reply | bytes
) -> AsyncIterator[tuple[EitherClient, list[float]]]:
    """A client of a server that replies so, and how long it has waited, which takes no time."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with hostile_server(*replies) as server, either_client(kind, server.url, options) as c:
        c.client.core.io.sleep = sleep  # type: ignore[method-assign]
        yield c, waited


async def test_it_waits_as_long_as_it_is_asked_to(kind: str) -> None:
    limited = [refusing(429, "RATE_LIMITED", retry_after=each) for each in ("7", "120", "0")]
    async with waiting(kind, PATIENT, *limited, USER) as (c, waited):
        await c.get_current_user()
    # And never shorter than it would have by itself.
    assert waited == [7.0, 120.0, 0.4]


async def test_it_waits_for_a_moment_that_it_is_asked_to_wait_for(kind: str) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    past = datetime.now(UTC) - timedelta(hours=1)
    later, earlier = (
        refusing(503, "UNAVAILABLE", retry_after=email.utils.format_datetime(each, usegmt=True))
        for each in (moment, past)
    )
    before = datetime.now(UTC)
    async with waiting(kind, PATIENT, later, earlier, USER) as (c, waited):
        await c.get_current_user()
    after = datetime.now(UTC)
    assert (moment - after).total_seconds() <= waited[0] <= (moment - before).total_seconds()
    assert waited[1:] == [0.2]


@pytest.mark.parametrize(
    ("chance", "waits"),
    [(1.0, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]), (0.0, [0.05, 0.1, 0.2, 0.4, 0.5, 0.5, 0.5])],
)
async def test_it_waits_longer_each_time_by_chance_and_never_for_long(
    kind: str, chance: float, waits: list[float]
) -> None:
    options = replace(PATIENT, attempts_max=8, backoff_seconds_max=1.0, chance=lambda: chance)
    async with waiting(kind, options, b"") as (c, waited):
        with pytest.raises(NoAnswerError):
            await c.get_current_user()
    assert waited == pytest.approx(waits)


async def test_chance_is_one_unless_it_is_given(kind: str) -> None:
    assert len({ClientOptions().backoff_seconds(1) for _ in range(20)}) > 1


async def test_no_attempt_begins_when_the_time_for_them_is_over(kind: str) -> None:
    options = replace(PATIENT, attempts_seconds_max=100.0)
    limited = [refusing(429, "RATE_LIMITED", retry_after=each) for each in ("99", "101")]
    async with waiting(kind, options, *limited, USER) as (c, waited):
        with pytest.raises(OnsaleError):
            await c.get_current_user()
    assert waited == [99.0]


STREAMING = replace(PATIENT, reconnects_max=1, reconnect_seconds_max=30.0)


@pytest.mark.parametrize(
    ("begin", "wait"),
    [
        (stream(b"retry: 2000\n\n", view("processing")), 2.0),
        (stream(b"retry: 86400000\n\n", view("processing")), 30.0),
        (stream(b"retry: 0\n\n", view("processing")), 0.1),
        (refusing(503, "UNAVAILABLE", retry_after="3"), 3.0),
        (refusing(503, "UNAVAILABLE", retry_after="86400"), 30.0),
        (UNAVAILABLE, 0.1),
    ],
)
async def test_a_stream_waits_as_long_as_it_is_asked_to_and_never_for_long(
    kind: str, begin: bytes, wait: float
) -> None:
    async with waiting(kind, STREAMING, begin, stream(view("completed"))) as (c, waited):
        await c.stream("follow_booking", BOOKING["id"]).all()
    assert waited == [wait]


async def test_a_stream_waits_no_longer_than_there_is_time(kind: str) -> None:
    replies = [stream(b"retry: 20000\n\n", view("processing")), stream(view("completed"))]
    async with waiting(kind, STREAMING, *replies) as (c, waited):
        await c.stream("follow_booking", BOOKING["id"], seconds_max=7.0).all()
    assert waited == [7.0]
