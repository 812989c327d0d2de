"""Whatever a receiver does, it is written down as what came of that attempt, and hurts no other."""

import asyncio
import ssl
from pathlib import Path
from time import monotonic

import pytest
from prometheus_client import CollectorRegistry

from onsale.bootstrap import utc_now
from onsale.service.ticketing.app.command.deliver_webhook_use_case import DeliverWebhookUseCase
from onsale.service.ticketing.app.interface.i_webhook_delivery import (
    LEASE_SECONDS,
    Attempt,
    IWebhookOutbox,
    IWebhookSender,
    OwedDelivery,
)
from onsale.service.ticketing.app.service.webhook_dispatcher import BEGIN_SECONDS_MAX
from onsale.service.ticketing.domain.entity.webhook_entity import DeliveryFault, DeliveryStatus
from onsale.service.ticketing.driven_adapter.webhook.asyncpg_webhook_outbox import (
    AsyncpgWebhookOutbox,
)
from onsale.service.ticketing.driven_adapter.webhook.httpcore_webhook_sender import (
    ANSWER_BYTES_MAX,
    ATTEMPT_SECONDS_MAX,
)
from onsale.service.ticketing.driven_adapter.webhook.prometheus_webhook_meter import (
    PrometheusWebhookMeter,
)
from storm.receiver import Answer, Receiver
from tests.support.self_made_certificate import showing
from tests.support.webhook_senders import (
    LOOPBACK,
    answering,
    new_certificate,
    sender,
    sent,
    trusting,
)
from tests.support.webhooks import SECRETS, Books

PROTOCOL = Attempt(None, DeliveryFault.PROTOCOL)
EMPTY = b"content-length: 0\r\n\r\n"


async def test_a_cookie_of_one_receiver_is_sent_to_no_other_at_its_address_and_not_to_itself() -> (
    None
):
    """Receivers of many sellers stand behind one address of a large host."""
    plant = Answer(200, headers="set-cookie: session=planted; path=/\r\n")
    async with (
        Receiver(lambda _post: plant) as one,
        Receiver() as other,
        sender(LOOPBACK) as sending,
    ):
        for url in (one.url(), other.url()) * 2:
            assert await sent(sending, url) == Attempt(200, None)
        heads = [post.headers for post in (*one.posts, *other.posts)]
    assert len(heads) == 4
    assert not any("cookie" in head for head in heads)


@pytest.mark.parametrize(
    "location",
    [
        *(b"https://xn--a/", b"https://xn--0.com/", b"https://a:99999999/", b"https://\xff\xfe/"),
        *(b"https:", b"//[", b"https://h/" + b"a" * 9_000),
    ],
)
async def test_where_a_redirect_leads_is_not_even_read(location: bytes) -> None:
    answer = b"HTTP/1.1 301 X\r\nlocation: %b\r\n" % location + EMPTY
    async with answering(answer) as url, sender(LOOPBACK) as sending:
        assert await sent(sending, url) == Attempt(301, DeliveryFault.REDIRECT)


@pytest.mark.parametrize(
    "answer",
    [
        *(b"hello", b"HTTP/1.1 099 X\r\n" + EMPTY, b"HTTP/1.1 200 X\r\nx\r\n\r\n", b"\x16\x03\x01"),
        b"HTTP/1.1 200 X\r\ncontent-length: 0\r\ncontent-length: 5\r\n\r\n",
        b"HTTP/1.1 200 X\r\ntransfer-encoding: gzip, chunked, foo\r\n\r\n",
        b"HTTP/1.1 200 X\r\nx: " + b"a" * 5_000_000 + b"\r\n" + EMPTY,
    ],
)
async def test_what_is_no_answer_is_a_fault_of_the_protocol(answer: bytes) -> None:
    async with answering(answer) as url, sender(LOOPBACK) as sending:
        assert await sent(sending, url) == PROTOCOL


async def test_a_receiver_that_wants_a_certificate_of_ours_is_a_fault_of_tls(
    tmp_path: Path,
) -> None:
    certificate = new_certificate(tmp_path)
    wanting = showing(certificate)
    wanting.verify_mode = ssl.CERT_REQUIRED
    wanting.load_verify_locations(certificate)
    wanting.maximum_version = ssl.TLSVersion.TLSv1_2
    async with (
        answering(b"HTTP/1.1 200 X\r\n" + EMPTY, wanting) as url,
        sender(LOOPBACK, trusting(certificate)) as sending,
    ):
        assert await sent(sending, url) == Attempt(None, DeliveryFault.TLS)


@pytest.mark.parametrize(
    "spoken", [b"HTTP/1.1 200 OK\r\n\r\n", bytes.fromhex("1703030020") + b"x" * 32]
)
async def test_who_speaks_no_tls_after_the_handshake_is_a_fault_of_tls(
    tmp_path: Path, spoken: bytes
) -> None:
    certificate = new_certificate(tmp_path)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = showing(certificate).wrap_bio(came, goes, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(goes.read())
                came.write(await reader.read(65_536))
        writer.write(goes.read() + spoken)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        async with sender(LOOPBACK, trusting(certificate)) as sending:
            attempt = await sent(sending, f"https://127.0.0.1:{port}/")
    assert attempt == Attempt(None, DeliveryFault.TLS)


@pytest.mark.parametrize(
    ("before", "again"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000),
        (b"", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"),
        (b"HTTP/1.1 200 X\r\n", b"x: y\r\n" * 1_000),
    ],
)
async def test_who_never_comes_to_the_point_is_listened_to_for_so_many_bytes(
    before: bytes, again: bytes
) -> None:
    """Each of them costs processor time, and httpcore reads them without end."""
    cut = asyncio.Event()

    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(before)
        try:
            while True:
                writer.write(again)
                await writer.drain()
                await asyncio.sleep(0)
        finally:
            cut.set()

    async with answering(flood) as url, sender(LOOPBACK) as sending:
        assert await sent(sending, url) == PROTOCOL
        async with asyncio.timeout(5):
            await cut.wait()


@pytest.mark.parametrize("size", [100, ANSWER_BYTES_MAX, 10 * ANSWER_BYTES_MAX])
async def test_a_body_however_long_is_an_answer(size: int) -> None:
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
    head = b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n"
    async with answering(head + chunks) as url, sender(LOOPBACK) as sending:
        assert await sent(sending, url) == Attempt(200, None)


def test_an_attempt_is_over_long_before_its_lease_however_late_it_began() -> None:
    longest = BEGIN_SECONDS_MAX + ATTEMPT_SECONDS_MAX
    assert longest <= LEASE_SECONDS * 2 / 3


class Astonishing:
    """Raises what nobody has thought of."""

    async def send(self, *_: object, **__: object) -> Attempt:
        raise LookupError("what is this")


class Unwritable(AsyncpgWebhookOutbox):
    """Cannot write down that something arrived."""

    async def delivered(self, delivery: OwedDelivery, status: int) -> None:
        raise ValueError(delivery, status)


async def test_what_nobody_has_thought_of_counts_as_a_failure_and_is_told(books: Books) -> None:
    """It was tried again every half minute for ever, however long it had been owed."""
    webhook = await books.listening("http://127.0.0.1:9/")
    (delivery_id,) = await books.owe(webhook, None)
    (in_hand,) = await books.claim(1)

    with pytest.raises(LookupError):
        await delivering(books.outbox, Astonishing()).execute(in_hand)

    delivery = await books.tried(delivery_id, 1)
    assert delivery.last_fault is DeliveryFault.PROTOCOL
    assert delivery.next_try_at is not None
    assert delivery.last_attempt_at is not None
    assert (delivery.next_try_at - delivery.last_attempt_at).total_seconds() < 15


async def test_what_arrived_and_could_not_be_written_down_is_tried_again_with_patience(
    books: Books, receiver: Receiver
) -> None:
    webhook = await books.listening(receiver.url())
    (delivery_id,) = await books.owe(webhook, None)
    (in_hand,) = await books.claim(1)

    async with sender(LOOPBACK) as sending:
        with pytest.raises(ValueError, match="200"):
            await delivering(Unwritable(books.pool), sending).execute(in_hand)

    assert (await books.tried(delivery_id, 1)).status is DeliveryStatus.OWED
    assert len(receiver.posts) == 1


def delivering(outbox: IWebhookOutbox, sending: IWebhookSender) -> DeliverWebhookUseCase:
    meter = PrometheusWebhookMeter(CollectorRegistry())
    return DeliverWebhookUseCase(outbox, sending, SECRETS, meter, utc_now, monotonic, lambda: 0.5)
