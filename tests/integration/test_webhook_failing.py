"""What is owed for three days in vain is given up, and whoever takes nothing is left alone."""

import pytest

from onsale.service.ticketing.app.interface.i_webhook_delivery import OwedDelivery
from onsale.service.ticketing.app.interface.i_webhook_repository import WebhookChanges
from onsale.service.ticketing.domain.entity.webhook_entity import (
    DeliveryFault,
    DeliveryStatus,
    DisabledReason,
    Webhook,
)
from onsale.service.ticketing.domain.webhook_schedule import GIVE_UP_SECONDS
from onsale.service.ticketing.driven_adapter.webhook import asyncpg_webhook_outbox
from onsale.service.ticketing.driven_adapter.webhook.asyncpg_webhook_outbox import (
    FAILING_ATTEMPTS_MIN,
)
from tests.support.webhooks import Books

DELIVERED, OWED, DEAD = DeliveryStatus.DELIVERED, DeliveryStatus.OWED, DeliveryStatus.DEAD
NOWHERE = "http://127.0.0.1:9/"
DAYS_4 = 4 * 86_400


async def age(books: Books, seconds: float, *delivery_ids: int) -> None:
    """These became owed so much earlier."""
    await books.pool.execute(
        "UPDATE webhook_delivery SET created_at = created_at - $1 * interval '1 second',"
        " give_up_at = give_up_at - $1 * interval '1 second',"
        " next_try_at = next_try_at - $1 * interval '1 second',"
        " settled_at = settled_at - $1 * interval '1 second' WHERE id = ANY($2)",
        *(seconds, list(delivery_ids)),
    )


async def settle_old(books: Books, webhook: Webhook) -> None:
    """Its seller has left it alone for days."""
    await books.pool.execute(
        "UPDATE webhook SET updated_at = now() - interval '4 days' WHERE id = $1", webhook.id
    )


async def fail(books: Books, one: OwedDelivery, *, retry_seconds: float = 10_000) -> DeliveryStatus:
    return await books.outbox.failed(one, 500, DeliveryFault.STATUS, retry_seconds=retry_seconds)


async def left(books: Books, delivery_id: int) -> float:
    """Seconds until it is given up."""
    seconds: float = await books.pool.fetchval(
        "SELECT extract(epoch FROM give_up_at - now())::float8 FROM webhook_delivery WHERE id = $1",
        delivery_id,
    )
    return seconds


async def kept(books: Books, webhook: Webhook) -> Webhook:
    found = await books.webhooks.by_id(webhook.id)
    assert found is not None
    return found


async def test_its_three_days_count_from_when_it_became_owed_and_anew_when_it_is_sent_again(
    books: Books,
) -> None:
    webhook = await books.listening(NOWHERE)
    early, late = await books.owe(webhook, None, None)
    await age(books, 86_400, early)
    claimed = {each.id: each for each in await books.claim()}
    assert abs(await left(books, early) - (GIVE_UP_SECONDS - 86_400)) < 60
    assert abs(await left(books, late) - GIVE_UP_SECONDS) < 60

    await fail(books, claimed[early])
    await age(books, DAYS_4, late)
    assert await fail(books, claimed[late]) is DEAD
    for delivery_id in (early, late):
        await books.webhooks.resend(delivery_id)
        assert abs(await left(books, delivery_id) - GIVE_UP_SECONDS) < 60
    claimed = {each.id: each for each in await books.claim()}
    assert await fail(books, claimed[late]) is OWED


async def test_the_last_attempt_is_when_its_time_is_over_however_long_it_would_wait(
    books: Books,
) -> None:
    webhook = await books.listening(NOWHERE)
    (delivery_id,) = await books.owe(webhook, None)
    await age(books, GIVE_UP_SECONDS - 60, delivery_id)
    (claimed,) = await books.claim()
    await fail(books, claimed, retry_seconds=10_000)
    is_last = await books.pool.fetchval(
        "SELECT next_try_at = give_up_at FROM webhook_delivery WHERE id = $1", delivery_id
    )
    assert is_last


async def test_what_is_past_its_time_is_given_up_though_its_turn_never_came(books: Books) -> None:
    webhook = await books.listening(NOWHERE)
    (booking,) = await books.bookings(1)
    tried, *untried, of_booking = await books.owe(webhook, *[None] * 4, booking)
    (later,) = await books.owe(webhook, booking)
    (claimed,) = await books.claim(1)
    assert claimed.id == tried
    await fail(books, claimed)
    assert of_booking in [each.id for each in await books.claim(10)]
    await age(books, DAYS_4, *untried, of_booking)
    # As if whoever had those in hand had died, but for one.
    await books.pool.execute(
        "UPDATE webhook_delivery SET claimed_until = now() WHERE id = ANY($1)",
        [*untried[1:], of_booking],
    )
    await books.pool.execute(
        "UPDATE webhook_delivery SET next_try_at = now() + interval '3 hours' WHERE id = $1", later
    )

    assert not await books.outbox.tidy()

    assert await books.statuses(webhook) == [OWED, OWED, DEAD, DEAD, DEAD, OWED]
    assert later in [each.id for each in await books.claim()], "nothing is before it any more"


async def test_what_nobody_could_try_is_sent_however_late(books: Books) -> None:
    """The workers were away; its receiver has done nothing wrong."""
    webhook = await books.listening(NOWHERE)
    ids = await books.owe(webhook, *[None] * 3)
    await age(books, DAYS_4, *ids)
    await books.outbox.tidy()
    assert [each.id for each in await books.claim()] == ids


async def test_a_backlog_is_given_up_so_much_at_a_time_behind_whatever_is_old_and_in_time(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncpg_webhook_outbox, "TIDY_COUNT_MAX", 2)
    monkeypatch.setattr(asyncpg_webhook_outbox, "LATE_COUNT_MAX", 4)
    other = await books.listening(NOWHERE)
    sent_again = await books.owe(other, *[None] * 5)
    webhook = await books.listening(NOWHERE)
    late = await books.owe(webhook, *[None] * 3)
    await books.pool.execute("UPDATE webhook_delivery SET last_fault = 'timeout'")
    await age(books, DAYS_4, *late)
    outbox = books.outbox

    assert [await outbox.tidy() for _ in range(3)] == [False, True, False]

    assert await books.statuses(webhook) == [DEAD] * 3
    assert await books.statuses(other) == [OWED] * len(sent_again)


async def test_a_webhook_to_which_nothing_arrives_for_three_days_is_disabled_and_says_why(
    books: Books,
) -> None:
    webhook = await books.listening(NOWHERE)
    last, waiting = await failing_for_days(books, webhook)

    assert await fail(books, last) is DEAD

    after = await kept(books, webhook)
    assert (after.is_active, after.disabled_reason) == (False, DisabledReason.FAILING)
    await books.outbox.tidy()
    assert [each.last_fault for each in await books.log(webhook) if each.id == waiting] == [
        DeliveryFault.DISABLED
    ]
    used = await books.webhooks.change(webhook.id, WebhookChanges(is_active=True))
    assert used is not None
    assert (used.is_active, used.disabled_reason) == (True, None)
    off = await books.webhooks.change(webhook.id, WebhookChanges(is_active=False))
    assert off is not None
    assert off.disabled_reason is DisabledReason.SELLER


async def failing_for_days(books: Books, webhook: Webhook) -> tuple[OwedDelivery, int]:
    """A delivery that is about to be given up after many attempts, and another one's id."""
    await settle_old(books, webhook)
    last, waiting = await books.owe(webhook, None, None)
    await books.pool.execute(
        "UPDATE webhook_delivery SET attempt_count = $1, last_fault = 'timeout' WHERE id = $2",
        *(FAILING_ATTEMPTS_MIN - 1, last),
    )
    await age(books, DAYS_4, last)
    (claimed,) = await books.claim(1)
    assert claimed.id == last
    return claimed, waiting


@pytest.mark.parametrize(
    "reason", ["something arrived", "it was changed", "it was hardly tried", "it has time"]
)
async def test_a_webhook_is_not_disabled_for_what_its_receiver_is_not_to_blame_for(
    books: Books, reason: str
) -> None:
    webhook = await books.listening(NOWHERE)
    last, waiting = await failing_for_days(books, webhook)
    if reason == "something arrived":
        (one,) = await books.claim()
        await books.outbox.delivered(one, 200)
        await age(books, 2 * 86_400, waiting)
    elif reason == "it was changed":
        await books.webhooks.change(webhook.id, WebhookChanges(url=NOWHERE + "new"))
    elif reason == "it was hardly tried":
        await books.pool.execute("UPDATE webhook_delivery SET attempt_count = 1")
        await books.pool.execute(
            "UPDATE webhook_delivery SET claimed_until = now(), next_try_at = now() WHERE id = $1",
            last.id,
        )
        (last,) = [each for each in await books.claim() if each.id == last.id]
    else:
        await age(books, -DAYS_4, last.id)

    status = await fail(books, last)

    assert status is (OWED if reason == "it has time" else DEAD)
    assert (await kept(books, webhook)).is_active


async def test_a_backlog_that_is_given_up_untried_disables_its_webhook_too(books: Books) -> None:
    webhook = await books.listening(NOWHERE)
    await settle_old(books, webhook)
    ids = await books.owe(webhook, *[None] * (FAILING_ATTEMPTS_MIN + 5))
    await books.pool.execute(
        "UPDATE webhook_delivery SET attempt_count = 1, last_fault = 'timeout' WHERE id = ANY($1)",
        ids[:FAILING_ATTEMPTS_MIN],
    )
    await age(books, DAYS_4, *ids)

    await books.outbox.tidy()

    assert (await kept(books, webhook)).disabled_reason is DisabledReason.FAILING
    assert await books.statuses(webhook) == [DEAD] * len(ids)
    assert {each.last_fault for each in await books.log(webhook)} == {DeliveryFault.TIMEOUT, None}
