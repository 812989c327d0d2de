"""The guards of webhooks: everything is told, in order, by nobody else and to nobody else."""

import asyncio
import hmac
import json
import socket
from base64 import b64encode
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from unittest import mock

from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ticketing_transaction import (
    AsyncpgTicketingTransaction,
)
from onsale.service.ticketing.driven_adapter.webhook import asyncpg_webhook_outbox
from onsale.service.ticketing.driven_adapter.webhook.checked_addresses import CheckedAddresses
from onsale.service.ticketing.driven_adapter.webhook.derived_webhook_secrets import (
    DerivedWebhookSecrets,
)
from onsale.service.ticketing.driven_adapter.webhook.httpcore_webhook_sender import (
    HttpcoreWebhookSender,
)
from storm.receiver import Answer, Post, Receiver
from tests.controls.stage import Guard, Stage
from tests.controls.taking_out import InMethod, InStatement
from tests.integration.test_blocked_seats import seller_of
from tests.support.money import CARD
from tests.support.pipeline import Pipeline
from tests.support.webhook_senders import NAME, sender, sent
from tests.support.webhooks import Books


async def a_process_dies_when_a_booking_has_just_been_completed(stage: Stage) -> list[str]:
    """Nothing of it comes after the commit; a worker delivers what is owed by then."""
    pipeline, books = stage.pipeline, Books(stage.pipeline.pool, stage.database_url)
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    async with Receiver() as receiver:
        webhook, _ = await books.listen(event.seller_id, receiver.url())
        held = await pipeline.hold(buyer, event)
        ledger = replace(pipeline.payment_ledger, notices=_Dead())
        with suppress(asyncio.CancelledError):
            await replace(pipeline.pay, ledger=ledger).execute(buyer, held.id, CARD)
        async with books.delivering():
            await books.settled(webhook)
        completed = await pipeline.pool.fetchval(
            "SELECT count(*) FROM booking WHERE status = 'completed'"
        )
        if completed == len(receiver.posts):
            return []
        return [f"bookings completed: {completed}; told: {len(receiver.posts)}"]


async def a_receiver_takes_what_a_booking_was_only_after_what_it_became(stage: Stage) -> list[str]:
    """It refuses the first message of the booking once; the second is due all the while."""
    books = Books(stage.pipeline.pool, stage.database_url)
    taken: list[str] = []
    refused: set[str] = set()

    def answer(post: Post) -> Answer:
        kind = json.loads(post.body)["type"]
        if kind == "booking.completed" and kind not in refused:
            refused.add(kind)
            return Answer(500)
        taken.append(kind)
        return Answer(200)

    async with Receiver(answer) as receiver:
        event = await stage.pipeline.open_event()
        webhook, _ = await books.listen(event.seller_id, receiver.url())
        await _sell_and_call_off(stage.pipeline, event)
        first = (await books.log(webhook))[0].id
        async with books.delivering():
            await books.tried(first, 1)
            # The second has been due for longer.
            await books.pool.execute(
                "UPDATE webhook_delivery SET next_try_at = now() WHERE id = $1", first
            )
            await books.settled(webhook)
    expected = ["booking.completed", "booking.cancelled"]
    return [] if taken == expected else [f"the receiver heard {' and then '.join(taken)}"]


async def a_worker_takes_what_another_has_in_hand(stage: Stage) -> list[str]:
    books = Books(stage.pipeline.pool, stage.database_url)
    event = await stage.pipeline.open_event()
    webhook, _ = await books.listen(event.seller_id, "http://127.0.0.1:9/")
    await books.owe(webhook, None, None)
    taken: Counter[int] = Counter()
    for _ in range(2):
        taken.update(delivery.id for delivery in await books.claim())
    twice = sum(count > 1 for count in taken.values())
    return [f"messages that two workers have in hand: {twice}"] * bool(twice)


async def somebody_who_has_read_the_database_writes_a_message(stage: Stage) -> list[str]:
    """With what stands there; the receiver checks with the secret that it was given."""
    books = Books(stage.pipeline.pool, stage.database_url)
    event = await stage.pipeline.open_event()
    _, secret = await books.listen(event.seller_id, "http://127.0.0.1:9/")
    stored: bytes = await books.pool.fetchval("SELECT salt FROM webhook")
    signature = hmac.digest(stored, b"msg_forged.1.{}", sha256)
    forged = Post(
        at=0.0,
        path="/",
        headers={
            "webhook-id": "msg_forged",
            "webhook-timestamp": "1",
            "webhook-signature": f"v1,{b64encode(signature).decode()}",
        },
        body=b"{}",
    )
    return ["a message that nobody sent is taken for one"] * forged.is_signed_with(secret)


async def a_message_is_altered_on_its_way(stage: Stage) -> list[str]:
    """Whoever alters it signs nothing, and passes the signature on as it was."""
    books = Books(stage.pipeline.pool, stage.database_url)
    event = await stage.pipeline.open_event()
    async with Receiver() as receiver:
        webhook, secret = await books.listen(event.seller_id, receiver.url())
        await books.owe(webhook, None)
        async with books.delivering():
            await books.settled(webhook)
        (post,) = receiver.posts
    genuine = ["a genuine message is taken for a forged one"] * (not post.is_signed_with(secret))
    altered = replace(post, body=b"").is_signed_with(secret)
    return ["an altered message is taken for a genuine one"] * altered + genuine


async def an_address_of_this_machine_is_delivered_to(stage: Stage) -> list[str]:
    """A seller's webhook leads there; the operator has allowed no network."""
    async with Receiver() as receiver, sender() as sending:
        await sent(sending, receiver.url())
        reached = receiver.connection_count
    return ["a service inside the operator's network was reached"] * bool(reached)


async def a_name_leads_elsewhere_when_it_is_asked_again(stage: Stage) -> list[str]:
    """To where nothing may be sent; what it led to at first may be sent to."""
    answers = iter(["127.0.0.1"])
    resolve = socket.getaddrinfo

    def changing(host: str | bytes | None, *rest: object, **more: object) -> object:
        if host in (NAME, NAME.encode()):
            host = next(answers, "127.0.0.2")
        return resolve(host, *rest, **more)  # type: ignore[arg-type]

    async with Receiver() as allowed, Receiver(host="127.0.0.2", port=allowed.port) as inside:
        with mock.patch.object(socket, "getaddrinfo", changing):
            async with sender("127.0.0.1/32") as sending:
                await sent(sending, f"http://{NAME}:{allowed.port}/")
        reached = inside.connection_count
    return ["an address that nobody had checked was reached"] * bool(reached)


async def _sell_and_call_off(pipeline: Pipeline, event: Event) -> None:
    buyer = await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event)
    await pipeline.pay.execute(buyer, held.id, CARD)
    await pipeline.cancel_event.execute(seller_of(event), event.id)
    await pipeline.end_cancelled_events.execute()


class _Dead:
    """Where a process gets no further."""

    async def publish(self, **_: object) -> None:
        raise asyncio.CancelledError


_EARLIER = """\
              AND NOT EXISTS (
                  SELECT
                  FROM webhook_delivery AS earlier
                  WHERE earlier.webhook_id = webhook_delivery.webhook_id
                    AND earlier.booking_id = webhook_delivery.booking_id
                    AND earlier.id < webhook_delivery.id
                    AND earlier.status = 'owed'
              )
"""

WEBHOOK_GUARDS = (
    Guard(
        "a message is owed with the change that it tells of",
        "Whatever dies after the commit, the seller is told: the row is the outbox.",
        (
            InMethod(
                AsyncpgTicketingTransaction,
                "save_bookings",
                "await owe_for_bookings(self._connection, changed, self._now)",
                "pass",
            ),
        ),
        a_process_dies_when_a_booking_has_just_been_completed,
    ),
    Guard(
        "order of a booking's messages",
        "A receiver that was told of the end first would take the booking for sold.",
        (
            InStatement(asyncpg_webhook_outbox, "claim", _EARLIER),
            InStatement(
                asyncpg_webhook_outbox,
                "hold_back",
                "AND webhook_delivery.id < due.id",
                "AND webhook_delivery.id < 0",
            ),
        ),
        a_receiver_takes_what_a_booking_was_only_after_what_it_became,
    ),
    Guard(
        "lease of a delivery",
        "Any number of workers deliver; what one has in hand no other sends beside it.",
        (
            InStatement(
                asyncpg_webhook_outbox,
                "claim",
                "    next_try_at = clock_timestamp() + $3 * interval '1 second',\n",
            ),
        ),
        a_worker_takes_what_another_has_in_hand,
    ),
    Guard(
        "secrets are derived, not stored",
        "Who has a dump of the database must not be able to sign.",
        (
            InMethod(
                DerivedWebhookSecrets,
                "_derived",
                "return hmac.digest(self._key, salt, sha256)",
                "return salt",
            ),
        ),
        somebody_who_has_read_the_database_writes_a_message,
    ),
    Guard(
        "the signature is of the body",
        "What is altered on its way must not pass for what was sent.",
        (
            InMethod(
                DerivedWebhookSecrets,
                "signature",
                "message_id, timestamp, body) for",
                'message_id, timestamp, b"") for',
            ),
        ),
        a_message_is_altered_on_its_way,
    ),
    Guard(
        "address check at each delivery",
        "A webhook must not lead into the operator's own network.",
        (
            InMethod(
                CheckedAddresses,
                "leads_to",
                "require_allowed(address, found, self._allowed)",
                "pass",
            ),
        ),
        an_address_of_this_machine_is_delivered_to,
    ),
    Guard(
        "the address that was checked is the one connected to",
        "A name may lead elsewhere when it is asked again; nobody asks again.",
        (
            InMethod(
                HttpcoreWebhookSender, "_post_to", "str(checked).encode()", "address.host.encode()"
            ),
        ),
        a_name_leads_elsewhere_when_it_is_asked_again,
    ),
)
