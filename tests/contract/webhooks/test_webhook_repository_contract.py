"""What holds for everything that keeps webhooks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from onsale.platform.database.connections import create_pool
from onsale.service.ticketing.app.interface.i_webhook_repository import (
    IWebhookRepository,
    WebhookChanges,
)
from onsale.service.ticketing.domain.entity.webhook_entity import (
    PREVIOUS_SECRET_SECONDS,
    WEBHOOKS_PER_SELLER_MAX,
    DeliveryStatus,
    DisabledReason,
    Webhook,
    WebhookEvent,
)
from onsale.service.ticketing.domain.exceptions import WebhookLimitReachedError
from onsale.service.ticketing.driven_adapter.webhook.asyncpg_webhook_repository import (
    AsyncpgWebhookRepository,
)
from tests.fakes.in_memory_webhooks import InMemoryWebhooks

URL = "https://example.com/"
EVENTS = tuple(WebhookEvent)
ADD_SELLER = (
    'INSERT INTO "user" (email, name, hashed_password, role)'
    " VALUES ($1, 'Sam', '-', 'seller') RETURNING id"
)


@dataclass(frozen=True, slots=True)
class Kept:
    webhooks: IWebhookRepository
    seller: Callable[[], Awaitable[int]]

    async def add(self, seller: int) -> Webhook:
        return await self.webhooks.add(seller, URL, EVENTS, b"first")


@pytest.fixture
async def in_postgresql(database_url: str) -> AsyncIterator[Kept]:
    pool = await create_pool(database_url, size_max=5)

    async def seller() -> int:
        new: int = await pool.fetchval(ADD_SELLER, f"{uuid7()}@example.org")
        return new

    yield Kept(AsyncpgWebhookRepository(pool, lambda: datetime.now(UTC)), seller)
    await pool.close()


@pytest.fixture(params=["memory", "postgresql"])
def kept(request: pytest.FixtureRequest) -> Kept:
    if request.param == "postgresql":
        found: Kept = request.getfixturevalue("in_postgresql")
        return found
    numbers = iter(range(1, 100))

    async def seller() -> int:
        return next(numbers)

    return Kept(InMemoryWebhooks(), seller)


async def test_what_is_kept_is_found_again(kept: Kept) -> None:
    seller = await kept.seller()

    added = await kept.add(seller)

    assert (added.seller_id, added.url, added.event_types) == (seller, URL, EVENTS)
    assert (added.is_active, added.disabled_reason) == (True, None)
    assert (added.salt, added.previous_salt, added.previous_until) == (b"first", None, None)
    assert await kept.webhooks.by_id(added.id) == added
    assert await kept.webhooks.by_id(added.id + 100) is None


async def test_a_seller_has_so_many_however_many_are_asked_for_at_once(kept: Kept) -> None:
    seller, other = await kept.seller(), await kept.seller()

    answers = await asyncio.gather(
        *(kept.add(seller) for _ in range(WEBHOOKS_PER_SELLER_MAX + 5)), return_exceptions=True
    )

    refused = [each for each in answers if isinstance(each, WebhookLimitReachedError)]
    assert len(refused) == 5
    assert len(answers) - len(refused) == WEBHOOKS_PER_SELLER_MAX
    mine = await kept.webhooks.page(seller, limit=100, before=None)
    assert [each.id for each in mine] == sorted((each.id for each in mine), reverse=True)
    await kept.add(other)
    await kept.webhooks.remove(mine[0].id)
    await kept.add(seller)


async def test_webhooks_come_newest_first_a_page_at_a_time(kept: Kept) -> None:
    seller = await kept.seller()
    ids = [(await kept.add(seller)).id for _ in range(3)]
    await kept.add(await kept.seller())

    first = await kept.webhooks.page(seller, limit=2, before=None)
    rest = await kept.webhooks.page(seller, limit=2, before=first[-1].id)

    assert [each.id for each in (*first, *rest)] == ids[::-1]


async def test_what_is_not_named_stays_as_it_is(kept: Kept) -> None:
    webhook = await kept.add(await kept.seller())
    change = kept.webhooks.change

    moved = await change(webhook.id, WebhookChanges(url="https://example.org/"))
    assert moved is not None
    assert (moved.url, moved.event_types, moved.is_active) == ("https://example.org/", EVENTS, True)
    off = await change(webhook.id, WebhookChanges(is_active=False))
    assert off is not None
    assert (off.url, off.is_active) == (moved.url, False)
    assert off.disabled_reason is DisabledReason.SELLER
    some = await change(webhook.id, WebhookChanges(event_types=(WebhookEvent.EVENT_SOLD_OUT,)))
    assert some is not None
    assert (some.event_types, some.is_active) == ((WebhookEvent.EVENT_SOLD_OUT,), False)
    on = await change(webhook.id, WebhookChanges(is_active=True))
    assert on is not None
    assert (on.is_active, on.disabled_reason) == (True, None)


async def test_the_secret_before_is_good_for_a_day_and_the_one_before_that_no_more(
    kept: Kept,
) -> None:
    webhook = await kept.add(await kept.seller())

    once = await kept.webhooks.rotate(webhook.id, b"second")
    twice = await kept.webhooks.rotate(webhook.id, b"third")

    assert once is not None
    assert twice is not None
    assert (once.salt, once.previous_salt) == (b"second", b"first")
    assert (twice.salt, twice.previous_salt) == (b"third", b"second")
    assert twice.previous_until is not None
    left = twice.previous_until - datetime.now(UTC)
    assert abs(left - timedelta(seconds=PREVIOUS_SECRET_SECONDS)) < timedelta(minutes=5)


async def test_one_that_was_removed_is_gone_for_everybody(kept: Kept) -> None:
    seller = await kept.seller()
    webhook = await kept.add(seller)

    await kept.webhooks.remove(webhook.id)
    await kept.webhooks.remove(webhook.id)

    assert await kept.webhooks.by_id(webhook.id) is None
    assert await kept.webhooks.page(seller, limit=9, before=None) == []
    assert await kept.webhooks.change(webhook.id, WebhookChanges(is_active=True)) is None
    assert await kept.webhooks.rotate(webhook.id, b"x") is None


async def test_the_log_comes_newest_first_by_status_and_of_one_webhook(kept: Kept) -> None:
    seller = await kept.seller()
    webhook, other = await kept.add(seller), await kept.add(seller)
    pings = [await kept.webhooks.owe_ping(webhook.id) for _ in range(3)]
    strange = await kept.webhooks.owe_ping(other.id)

    async def log(status: DeliveryStatus | None, before: int | None = None) -> list[int]:
        found = await kept.webhooks.deliveries(webhook.id, status=status, limit=2, before=before)
        return [each.id for each in found]

    ids = [each.id for each in pings]
    assert await log(None) == ids[:0:-1]
    assert await log(None, ids[1]) == [ids[0]]
    assert await log(DeliveryStatus.OWED) == ids[:0:-1]
    assert await log(DeliveryStatus.DEAD) == []
    assert await kept.webhooks.delivery(webhook.id, ids[0]) == pings[0]
    assert await kept.webhooks.delivery(webhook.id, strange.id) is None
    assert (pings[0].type, pings[0].status, pings[0].attempt_count) == ("ping", "owed", 0)
    assert len({each.message_id for each in pings}) == 3


async def test_a_delivery_is_owed_anew_under_its_own_name(kept: Kept) -> None:
    webhook = await kept.add(await kept.seller())
    ping = await kept.webhooks.owe_ping(webhook.id)

    again = await kept.webhooks.resend(ping.id)

    assert again is not None
    assert (again.id, again.message_id, again.status) == (ping.id, ping.message_id, "owed")
    assert again.next_try_at is not None
    assert await kept.webhooks.resend(ping.id + 1) is None


async def test_what_was_owed_while_it_was_off_is_given_up_once_it_is_on_again(kept: Kept) -> None:
    webhook = await kept.add(await kept.seller())
    ping = await kept.webhooks.owe_ping(webhook.id)

    async def status() -> DeliveryStatus:
        found = await kept.webhooks.delivery(webhook.id, ping.id)
        assert found is not None
        return found.status

    await kept.webhooks.change(webhook.id, WebhookChanges(is_active=True))
    assert await status() is DeliveryStatus.OWED, "it was on all the while"
    for is_active in (False, True):
        await kept.webhooks.change(webhook.id, WebhookChanges(is_active=is_active))
    assert await status() is DeliveryStatus.DEAD
