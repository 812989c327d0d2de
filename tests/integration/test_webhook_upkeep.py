"""What is given up, what is forgotten, and what is told of all that is owed."""

from collections import Counter

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_webhook_repository import WebhookChanges
from onsale.service.ticketing.app.service.webhook_places import PER_WEBHOOK_MAX
from onsale.service.ticketing.domain.entity.webhook_entity import (
    DeliveryFault,
    DeliveryStatus,
    DisabledReason,
)
from onsale.service.ticketing.driven_adapter.webhook import (
    asyncpg_webhook_outbox,
    asyncpg_webhook_repository,
)
from storm.receiver import Answer, Receiver
from tests.support.webhooks import SECRETS, Books

DELIVERED, OWED, DEAD = DeliveryStatus.DELIVERED, DeliveryStatus.OWED, DeliveryStatus.DEAD


async def test_410_disables_the_webhook_and_the_log_says_so(
    books: Books, receiver: Receiver
) -> None:
    webhook = await books.listening(receiver.url())
    await books.owe(webhook, *[None] * 10)
    receiver.answer = lambda _post: Answer(410)

    async with books.delivering():
        assert await books.settled(webhook) == [DEAD] * 10

    after = await books.webhooks.by_id(webhook.id)
    assert after is not None
    assert (after.is_active, after.disabled_reason) == (False, DisabledReason.GONE)
    faults = Counter(delivery.last_fault for delivery in await books.log(webhook))
    assert faults.keys() == {DeliveryFault.GONE, DeliveryFault.DISABLED}
    assert len(receiver.posts) == faults[DeliveryFault.GONE] <= PER_WEBHOOK_MAX
    assert [each.last_status for each in await books.log(webhook)].count(410) == len(receiver.posts)


@pytest.mark.parametrize("change", ["another address", "off and on again", "another secret"])
async def test_410_of_what_its_seller_has_changed_since_is_a_failure_like_any_other(
    books: Books, receiver: Receiver, change: str
) -> None:
    webhook = await books.listening(receiver.url("/old"))
    await books.owe(webhook, None)
    (in_hand,) = await books.claim()
    if change == "another address":
        await books.webhooks.change(webhook.id, WebhookChanges(url=receiver.url("/new")))
    elif change == "another secret":
        await books.webhooks.rotate(webhook.id, SECRETS.new_salt())
    else:
        for is_active in (False, True):
            await books.webhooks.change(webhook.id, WebhookChanges(is_active=is_active))

    after = await books.outbox.gone(in_hand, 410, retry_seconds=0)

    kept = await books.webhooks.by_id(webhook.id)
    assert kept is not None
    assert kept.is_active
    (delivery,) = await books.log(webhook)
    assert (delivery.last_status, delivery.last_fault) == (410, DeliveryFault.GONE)
    if change == "off and on again":
        # It was given up when the webhook was off.
        assert delivery.status is after is DEAD
        return
    assert delivery.status is after is OWED
    async with books.delivering():
        assert await books.settled(webhook) == [DELIVERED]


async def test_410_of_an_attempt_that_lost_its_lease_leaves_the_delivery_to_the_next(
    books: Books,
) -> None:
    webhook = await books.listening("http://127.0.0.1:9/")
    await books.owe(webhook, None)
    (slept,) = await books.claim()
    await books.hurry()
    (again,) = await books.claim()

    assert await books.outbox.gone(slept, 410, retry_seconds=0) is OWED

    assert await books.statuses(webhook) == [OWED]
    await books.outbox.delivered(again, 200)
    assert await books.statuses(webhook) == [DELIVERED]


async def test_the_log_is_forgotten_after_a_while(books: Books, receiver: Receiver) -> None:
    webhook = await books.listening(receiver.url())
    ids = await books.owe(webhook, *[None] * 3)
    async with books.delivering():
        await books.settled(webhook)
    await books.owe(webhook, None)
    for delivery_id, days in zip(ids, (31, 30.01, 29.99), strict=True):
        await books.pool.execute(
            "UPDATE webhook_delivery SET settled_at = now() - $1 * interval '1 day' WHERE id = $2",
            *(days, delivery_id),
        )
    await books.outbox.tidy()
    assert await books.statuses(webhook) == [DELIVERED, OWED]


async def test_a_webhook_that_was_removed_is_forgotten_with_its_log_once_nobody_owes_it_anything(
    books: Books,
) -> None:
    webhook, other = [await books.listening("http://127.0.0.1:9/") for _ in range(2)]
    await books.owe(webhook, None, None)
    await books.claim(1)
    await books.webhooks.remove(webhook.id)

    async def there() -> tuple[int, list[int]]:
        await books.outbox.tidy()
        return (
            await books.pool.fetchval("SELECT count(*) FROM webhook_delivery"),
            await books.pool.fetchval("SELECT array_agg(id ORDER BY id) FROM webhook"),
        )

    assert await books.webhooks.by_id(webhook.id) is None
    assert await books.claim() == []
    assert await there() == (1, [webhook.id, other.id]), "one is being tried"
    await books.pool.execute("UPDATE webhook_delivery SET claimed_until = now()")
    # A transaction that knows of it may be under way.
    assert await there() == (0, [webhook.id, other.id])
    await books.pool.execute(
        "UPDATE webhook SET removed_at = now() - interval '9 minutes' WHERE NOT is_active"
    )
    assert await there() == (0, [webhook.id, other.id])
    await books.pool.execute(
        "UPDATE webhook SET removed_at = now() - interval '11 minutes' WHERE NOT is_active"
    )
    assert await there() == (0, [other.id])


async def test_what_is_owed_to_one_that_is_disabled_is_given_up_when_nobody_is_trying_it(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncpg_webhook_outbox, "TIDY_COUNT_MAX", 2)
    webhook = await books.listening("http://127.0.0.1:9/")
    await books.owe(webhook, *[None] * 5)
    (in_hand,) = await books.claim(1)
    await books.webhooks.change(webhook.id, WebhookChanges(is_active=False))

    assert [await books.outbox.tidy() for _ in range(3)] == [True, True, False]

    assert await books.statuses(webhook) == [OWED] + [DEAD] * 4
    await books.outbox.delivered(in_hand, 200)
    assert await books.statuses(webhook) == [DELIVERED] + [DEAD] * 4


async def test_what_is_owed_is_counted_with_its_age(books: Books) -> None:
    empty = await books.outbox.backlog()
    assert (empty.count, empty.oldest_seconds, empty.waiting_seconds) == (0, 0, 0)
    webhook = await books.listening("http://127.0.0.1:9/")
    await books.owe(webhook, *[None] * 3)
    await books.pool.execute("UPDATE webhook_delivery SET created_at = now() - interval '1 hour'")
    backlog = await books.outbox.backlog()
    assert backlog.count == 3
    assert 3_600 <= backlog.oldest_seconds < 3_700


async def test_who_is_kept_waiting_is_told_and_not_whose_receiver_fails(books: Books) -> None:
    failing = await books.listening("http://127.0.0.1:9/")
    await books.owe(failing, *[None] * 3)
    # One is tried, the others are long due behind it.
    await books.pool.execute(
        "UPDATE webhook_delivery SET next_try_at = now() - interval '1 hour', attempt_count = 1,"
        " last_attempt_at = now() - interval '3 seconds'"
    )
    assert 3 <= (await books.outbox.backlog()).waiting_seconds < 60
    # All of them are due only later.
    await books.pool.execute("UPDATE webhook_delivery SET next_try_at = now() + interval '1 hour'")
    assert (await books.outbox.backlog()).waiting_seconds == 0

    forgotten = await books.listening("http://127.0.0.1:9/other")
    await books.owe(forgotten, None)
    await books.pool.execute(
        "UPDATE webhook_delivery SET next_try_at = now() - interval '10 minutes'"
        " WHERE webhook_id = $1",
        forgotten.id,
    )
    backlog = await books.outbox.backlog()
    assert backlog.count == 4
    assert 600 <= backlog.waiting_seconds < 700


async def test_what_is_owed_when_a_webhook_is_disabled_is_not_delivered_when_it_is_in_use_again(
    books: Books, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However soon: nobody has tidied in between."""
    monkeypatch.setattr(asyncpg_webhook_repository, "GIVE_UP_COUNT_MAX", 2)
    webhook = await books.listening(receiver.url())
    bystander = await books.listening(receiver.url("/bystander"))
    await books.owe(bystander, None)
    await books.owe(webhook, *[None] * 6)
    in_hand, *_ = await books.claim(1)
    for is_active in (False, True):
        await books.webhooks.change(webhook.id, WebhookChanges(is_active=is_active))
    # What is active already gives nothing up.
    await books.owe(webhook, None)
    await books.webhooks.change(webhook.id, WebhookChanges(is_active=True))

    status = await books.outbox.failed(in_hand, 500, DeliveryFault.STATUS, retry_seconds=0)
    async with books.delivering():
        await books.hurry()
        assert await books.settled(webhook) == [DEAD] * 6 + [DELIVERED]
        await books.settled(bystander)
    assert status is DEAD
    assert Counter(each.last_fault for each in await books.log(webhook)) == {
        DeliveryFault.STATUS: 1,
        DeliveryFault.DISABLED: 5,
        None: 1,
    }
    assert Counter(post.path for post in receiver.posts) == {"/hook": 1, "/bystander": 1}


async def test_too_much_to_give_up_at_once_is_given_up_in_several_requests(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncpg_webhook_repository, "GIVE_UP_COUNT_MAX", 2)
    monkeypatch.setattr(asyncpg_webhook_repository, "GIVE_UP_ROUNDS_MAX", 2)
    webhook = await books.listening("http://127.0.0.1:9/")
    await books.owe(webhook, *[None] * 6)
    await books.webhooks.change(webhook.id, WebhookChanges(is_active=False))

    with pytest.raises(UnavailableError):
        await books.webhooks.change(webhook.id, WebhookChanges(is_active=True))
    kept = await books.webhooks.by_id(webhook.id)
    assert kept is not None
    assert not kept.is_active
    assert await books.statuses(webhook) == [DEAD] * 4 + [OWED] * 2
    used = await books.webhooks.change(webhook.id, WebhookChanges(is_active=True))
    assert used is not None
    assert used.is_active
    assert await books.statuses(webhook) == [DEAD] * 6
