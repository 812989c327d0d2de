"""The connections of a client: whose they are, how many, through what, and to whom."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from onsale.client import AsyncOnsaleClient, NoAnswerError, OnsaleClient
from tests.support.either_client import BOTH_KINDS, QUICK, EitherClient, either_client
from tests.support.hostile_server import dripping, hostile_server, http, stream
from tests.support.self_made_certificate import self_made_certificate, showing
from tests.support.service_answers import BOOKING, USER, view

pytestmark = BOTH_KINDS

CANCELLED = http(200, b'{"id":"%s","status":"cancelled"}' % BOOKING["id"].encode())
ONCE = replace(QUICK, attempts_max=1)


@asynccontextmanager
async def client_over(
    kind: str, url: str, **given: object
) -> AsyncIterator[tuple[EitherClient, httpx.Client | httpx.AsyncClient]]:
    """A client with a token over connections that the test makes, and those."""
    if kind == "blocking":
        with httpx.Client(**given) as blocking:  # type: ignore[arg-type]
            yield EitherClient(OnsaleClient(url, token="t", http=blocking)), blocking
    else:
        async with httpx.AsyncClient(**given) as awaiting:  # type: ignore[arg-type]
            yield EitherClient(AsyncOnsaleClient(url, token="t", http=awaiting)), awaiting


async def test_connections_that_were_given_stay_their_givers(kind: str) -> None:
    async with hostile_server(USER) as server, client_over(kind, server.url) as (c, given):
        await c.close()
        assert not given.is_closed
        await c.get_current_user()


async def test_who_uses_the_connections_of_another_does_not_close_them(kind: str) -> None:
    async with hostile_server(USER) as server, either_client(kind, server.url) as c:
        other = c.as_user("other")
        await EitherClient(other.client).close()
        await c.get_current_user()
        await other.get_current_user()
        await c.close()
        with pytest.raises(RuntimeError, match="closed"):
            await c.get_current_user()


async def test_what_given_connections_know_of_others_is_not_told(kind: str) -> None:
    async with (
        hostile_server(USER) as server,
        client_over(kind, server.url, auth=("somebody", "else")) as (c, _),
    ):
        await c.get_current_user()
        await c.as_user(None).get_current_user()
    assert [each.headers.get("authorization") for each in server.asked] == ["Bearer t", None]


async def test_there_are_no_more_connections_than_was_said(kind: str) -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(stream(view("processing")))
        await reader.read()

    options = replace(ONCE, connections_max=1, connect_seconds_max=0.2, answer_seconds_max=600.0)
    async with (
        hostile_server(hold, CANCELLED) as server,
        either_client(kind, server.url, options) as c,
    ):
        async with c.stream("follow_booking", BOOKING["id"]) as views:
            await anext(views)
            with pytest.raises(NoAnswerError) as told:
                await c.cancel_booking(BOOKING["id"])
            # It has not left, so it can be asked again whatever it does.
            assert not told.value.may_have_happened
        await c.cancel_booking(BOOKING["id"])
    assert len(server.asked) == 2


async def test_a_connection_that_does_not_come_about_is_given_up_unheard(kind: str) -> None:
    options = replace(ONCE, connect_seconds_max=0.2, answer_seconds_max=600.0)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        address = deaf.getsockname()
        # Those that the system accepts by itself; whoever comes next is not heard.
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)  # noqa: FBT003 - its only argument
            each.connect_ex(address)
        async with either_client(kind, "http://{}:{}".format(*address), options) as c:
            asked = asyncio.create_task(c.cancel_booking(BOOKING["id"]))
            # Without a bound of its own it would be connected, and fail otherwise.
            await asyncio.wait({asked}, timeout=15.0)
            for each in waiting:
                each.close()
            deaf.close()
            with pytest.raises(NoAnswerError) as told:
                await asked
    assert not told.value.may_have_happened


async def test_a_service_shows_a_certificate_that_is_trusted(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_made_certificate(tmp_path / "service.pem", "IP:127.0.0.1")
    async with hostile_server(USER, tls=showing(certificate)) as server:
        async with either_client(kind, server.url, ONCE) as c:
            with pytest.raises(NoAnswerError, match="self-signed") as told:
                await c.get_current_user()
        assert (server.asked, told.value.may_have_happened) == ([], False)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with either_client(kind, server.url, ONCE) as c:
            assert (await c.get_current_user()).email == "a@b"
        elsewhere = server.url.replace("127.0.0.1", "localhost")
        async with either_client(kind, elsewhere, ONCE) as c:
            with pytest.raises(NoAnswerError, match="localhost"):
                await c.get_current_user()
    assert len(server.asked) == 1


async def test_a_call_over_tls_ends_in_time(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_made_certificate(tmp_path / "service.pem", "IP:127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    options = replace(ONCE, answer_seconds_max=1.0)
    drip = dripping(b"HTTP/1.1 200 OK\r\nx: ", b"x", USER.partition(b"Whatever")[2])
    async with (
        hostile_server(drip, tls=showing(certificate)) as server,
        either_client(kind, server.url, options) as c,
    ):
        with pytest.raises(NoAnswerError):
            await c.get_current_user()


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
async def test_the_proxy_of_the_environment_is_used(
    kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hostile_server(USER) as proxy, hostile_server(USER) as server:
        monkeypatch.setenv(name, proxy.url.replace("://", "://user:word@"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with either_client(kind, server.url) as c:
            await c.get_current_user()
        assert (len(proxy.asked), len(server.asked)) == (0, 1)
        monkeypatch.setenv("no_proxy", "elsewhere.example")
        async with either_client(kind, server.url) as c:
            await c.get_current_user()
    assert (len(proxy.asked), len(server.asked)) == (1, 1)
    assert proxy.asked[0].line.split()[1] == f"{server.url}/api/user/me"
    assert proxy.asked[0].headers["proxy-authorization"] == "Basic dXNlcjp3b3Jk"
