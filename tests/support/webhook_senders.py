"""What posts to receivers, and receivers that somebody wrote with bad intent."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from onsale.service.ticketing.app.interface.i_webhook_delivery import Attempt
from onsale.service.ticketing.domain.webhook_address import read_networks
from onsale.service.ticketing.driven_adapter.webhook.checked_addresses import CheckedAddresses
from onsale.service.ticketing.driven_adapter.webhook.httpcore_webhook_sender import (
    HttpcoreWebhookSender,
)
from storm.receiver import Receiver
from tests.support.self_made_certificate import self_made_certificate, showing

LOOPBACK = "127.0.0.0/8"
NAME = "hooks.example"

Reply = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def sender(
    allowed: str = "", trust: ssl.SSLContext | None = None
) -> AsyncIterator[HttpcoreWebhookSender]:
    """What posts, into these networks too."""
    addresses = CheckedAddresses(read_networks(allowed))
    try:
        yield HttpcoreWebhookSender(addresses, user_agent="test", trust=trust)
    finally:
        addresses.close()


async def sent(sending: HttpcoreWebhookSender, url: str) -> Attempt:
    """What comes of posting something there, for some seller."""
    return await sending.send(url, {}, b"{}", seller_id=1)


def new_certificate(folder: Path) -> Path:
    """A certificate for ``NAME`` and for this machine, and its key, which nobody else trusts."""
    return self_made_certificate(folder / "receiver.pem", f"DNS:{NAME},IP:127.0.0.1")


def trusting(certificate: Path) -> ssl.SSLContext:
    """A client's side."""
    return ssl.create_default_context(cafile=str(certificate))


@asynccontextmanager
async def https_receiver(certificate: Path) -> AsyncIterator[Receiver]:
    """A receiver behind the certificate."""
    async with Receiver(tls=showing(certificate)) as receiver:
        yield receiver


@asynccontextmanager
async def answering(reply: bytes | Reply, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The URL of a server that answers each request with these bytes, or as it likes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            if isinstance(reply, bytes):
                writer.write(reply)
                await writer.drain()
            else:
                await reply(reader, writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}/hook"
