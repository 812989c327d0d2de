"""A client asks again what may be asked again, and nothing else."""

from dataclasses import replace

import pytest

from onsale.client import (
    BadAnswerError,
    NoAnswerError,
    OnsaleError,
    ProblemError,
)
from onsale.client.problems import (
    PaymentUnknownError,
    RateLimitedError,
    UnavailableError,
)
from tests.support.either_client import BOTH_KINDS, QUICK, either_client
from tests.support.hostile_server import (
    hostile_server,
    http,
)
from tests.support.service_answers import (
    ACCEPTED,
    BOOKING,
    GARBAGE,
    HALF,
    UNAVAILABLE,
    USER,
    problem,
    refusing,
)

pytestmark = BOTH_KINDS


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
    "register_webhook": ("https://a.example/",),
    "update_webhook": (1,),
    "remove_webhook": (1,),
    "rotate_webhook_secret": (1,),
    "ping_webhook": (1,),
    "resend_delivery": (1, 2),
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


@pytest.mark.parametrize("name", UNSAFE)
async def test_what_a_document_says_of_its_status_counts_for_nothing(kind: str, name: str) -> None:
    limited = problem(429, "RATE_LIMITED")
    answer = http(502, limited, "application/problem+json", retry_after="0")
    async with hostile_server(answer) as server, either_client(kind, server.url) as c:
        with pytest.raises(BadAnswerError, match="502 with a problem document of 429") as told:
            await getattr(c, name)(*UNSAFE[name])
    assert len(server.asked) == 1
    assert (told.value.status, told.value.may_have_happened) == (502, True)


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
