"""The connections of a client: whose they are, how many, through what, and to whom."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from onsale.client import AsyncOnsaleClient, ClientOptions, NoAnswerError, OnsaleClient
from tests.support.either_client import BOTH_KINDS, QUICK, EitherClient, either_client
from tests.support.hostile_server import dripping, hostile_server, http, stream
from tests.support.self_made_certificate import self_made_certificate, showing
from tests.support.service_answers import BOOKING, USER, view

pytestmark = BOTH_KINDS

CANCELLED = http(200, b'{"id":"%s","status":"cancelled"}' % BOOKING["id"].encode())
ONCE = replace(QUICK, attempts_max=1)
FAR_TOO_LONG_SECONDS = 15.0


@asynccontextmanager
async def client_over(
    kind: str, url: str, options: ClientOptions = QUICK, **given: object
) -> AsyncIterator[tuple[EitherClient, httpx.Client | httpx.AsyncClient]]:
    """A client with a token over connections that the test makes, and those."""
    if kind == "blocking":
        with httpx.Client(**given) as blocking:  # type: ignore[arg-type]
            yield (
                EitherClient(OnsaleClient(url, token="t", options=options, http=blocking)),
                blocking,
            )
    else:
        async with httpx.AsyncClient(**given) as awaiting:  # type: ignore[arg-type]
            yield (
                EitherClient(AsyncOnsaleClient(url, token="t", options=options, http=awaiting)),
                awaiting,
            )


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
                await asyncio.wait_for(c.cancel_booking(BOOKING["id"]), FAR_TOO_LONG_SECONDS)
            # It has not left, so it can be asked again whatever it does.
            assert not told.value.may_have_happened
        await c.cancel_booking(BOOKING["id"])
    assert len(server.asked) == 2


async def test_a_connection_that_does_not_come_about_is_given_up_unheard(kind: str) -> None:
    options = replace(ONCE, connect_seconds_max=0.2, answer_seconds_max=600.0)
    with deaf() as address:
        async with either_client(kind, "http://{}:{}".format(*address), options) as c:
            with pytest.raises(NoAnswerError) as told:
                await asyncio.wait_for(c.cancel_booking(BOOKING["id"]), FAR_TOO_LONG_SECONDS)
    assert not told.value.may_have_happened


@pytest.mark.parametrize("hosts", [["127.0.0.2"] * 15, ["127.0.0.2"] * 4 + ["127.0.0.1"]])
async def test_the_addresses_of_a_name_share_the_time_for_a_connection(
    kind: str, hosts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name can lead to as many as it likes, and to one that hears."""
    options = replace(ONCE, connect_seconds_max=2.0, answer_seconds_max=600.0)
    async with hostile_server(USER) as server:
        port = int(server.url.rpartition(":")[2])
        with deaf("127.0.0.2", port):
            resolve = socket.getaddrinfo

            def resolved(host: str | bytes, *args: Any, **kwargs: Any) -> list[Any]:  # noqa: ANN401 - socket's
                named = hosts if host in {"many.example", b"many.example"} else [host]
                return [each for one in named for each in resolve(one, *args, **kwargs)]

            monkeypatch.setattr(socket, "getaddrinfo", resolved)
            async with either_client(kind, f"http://many.example:{port}", options) as c:
                asked = asyncio.wait_for(c.get_current_user(), FAR_TOO_LONG_SECONDS)
                if "127.0.0.1" in hosts:
                    await asked
                    return
                with pytest.raises(NoAnswerError) as told:
                    await asked
                assert not told.value.may_have_happened


@contextmanager
def deaf(host: str = "127.0.0.1", port: int = 0) -> Iterator[tuple[str, int]]:
    """An address at which connections wait for ever."""
    with ExitStack() as kept:
        server = kept.enter_context(socket.create_server((host, port), backlog=0))
        address = server.getsockname()
        # Those that the system accepts by itself; whoever comes next is not heard.
        for _ in range(8):
            early = kept.enter_context(socket.socket())
            early.setblocking(False)  # noqa: FBT003 - its only argument
            early.connect_ex(address)
        yield address


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
    options = replace(ONCE, silence_seconds_max=1.0, reconnects_max=0)
    drip = dripping(b"HTTP/1.1 200 OK\r\nx: ", b"x", stream(view("completed")).partition(b"OK")[2])
    async with (
        hostile_server(drip, tls=showing(certificate)) as server,
        either_client(kind, server.url, options) as c,
    ):
        with pytest.raises(NoAnswerError):
            await c.wait_for_seats(BOOKING["id"])


async def test_what_comes_over_given_connections_comes_in_time(kind: str) -> None:
    body = USER.partition(b"\r\n\r\n")[2]
    drip = dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" ", body)
    options = replace(ONCE, answer_seconds_max=0.3)
    async with (
        hostile_server(drip) as server,
        client_over(kind, server.url, options) as (c, _),
    ):
        with pytest.raises(NoAnswerError):
            await c.get_current_user()
