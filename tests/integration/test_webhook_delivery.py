"""Deliveries to real receivers: signed, in order, again until they arrive, and never for ever."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from onsale.platform.database.connections import create_pool
from onsale.service.ticketing.app.interface.i_webhook_delivery import PER_WEBHOOK_MAX
from onsale.service.ticketing.app.interface.i_webhook_repository import WebhookChanges
from onsale.service.ticketing.app.service import webhook_dispatcher
from onsale.service.ticketing.domain.entity.webhook_entity import (
    DeliveryFault,
    DeliveryStatus,
    DisabledReason,
    Webhook,
)
from onsale.service.ticketing.driven_adapter.webhook import (
    asyncpg_webhook_outbox,
    httpcore_webhook_sender,
)
from storm.receiver import Answer, Receiver
from tests.support.polling import wait_for
from tests.support.webhooks import SECRETS, Books

DELIVERED, OWED, DEAD = DeliveryStatus.DELIVERED, DeliveryStatus.OWED, DeliveryStatus.DEAD


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[Books]:
    pool = await create_pool(database_url, size_max=10)
    yield Books(pool, database_url)
    await pool.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as listening:
        yield listening


async def seller_id(books: Books) -> int:
    new: int = await books.pool.fetchval(
        'INSERT INTO "user" (email, name, hashed_password, role)'
        " VALUES ($1, 'Sam', '-', 'seller') RETURNING id",
        f"{uuid7()}@example.org",
    )
    return new


async def listening(books: Books, url: str) -> Webhook:
    webhook, _ = await books.listen(await seller_id(books), url)
    return webhook


async def bookings(books: Books, count: int) -> Sequence[UUID]:
    """Bookings that are there, and nothing else of them."""
    seller = await seller_id(books)
    event = await books.pool.fetchval(
        "INSERT INTO event (seller_id, name, description, venue_name, seating_config)"
        " VALUES ($1, 'x', '', 'x', '{}') RETURNING id",
        seller,
    )
    ids = sorted(uuid7() for _ in range(count))
    await books.pool.executemany(
        "INSERT INTO booking (id, buyer_id, event_id, section, subsection, seat_selection_mode,"
        " quantity, seat_positions, total_price, currency, status)"
        " VALUES ($1, $2, $3, 'A', 1, 'manual', 1, '{}', 0, 'USD', 'processing')",
        [(each, seller, event) for each in ids],
    )
    return ids


def told(receiver: Receiver) -> list[str]:
    return [post.headers["webhook-id"] for post in receiver.posts]


async def message_ids(books: Books, webhook: Webhook) -> list[str]:
    return [f"msg_{delivery.message_id.hex}" for delivery in await books.log(webhook)]


async def test_a_delivery_comes_signed_dated_and_as_json(books: Books, receiver: Receiver) -> None:
    webhook, secret = await books.listen(await seller_id(books), receiver.url("/a?b=c"))
    await books.owe(webhook, None)

    async with books.delivering():
        assert await books.settled(webhook) == [DELIVERED]

    (post,) = receiver.posts
    assert post.path == "/a?b=c"
    assert post.is_signed_with(secret)
    assert not post.is_signed_with(SECRETS.secret(b"another"))
    assert abs(int(post.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    assert post.headers["content-type"] == "application/json"
    assert post.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert [post.headers["webhook-id"]] == await message_ids(books, webhook)
    (delivery,) = await books.log(webhook)
    assert (delivery.attempt_count, delivery.last_status, delivery.last_fault) == (1, 200, None)
    assert delivery.settled_at is not None


async def test_after_a_rotation_both_secrets_sign_until_the_time_of_the_first_is_over(
    books: Books, receiver: Receiver
) -> None:
    webhook, first = await books.listen(await seller_id(books), receiver.url())
    salt = SECRETS.new_salt()
    await books.webhooks.rotate(webhook.id, salt)
    async with books.delivering():
        await books.owe(webhook, None)
        await books.settled(webhook)
        await books.pool.execute("UPDATE webhook SET previous_until = now()")
        await books.owe(webhook, None)
        await books.settled(webhook)

    before, after = receiver.posts
    assert before.is_signed_with(first)
    assert before.is_signed_with(SECRETS.secret(salt))
    assert not after.is_signed_with(first)
    assert after.is_signed_with(SECRETS.secret(salt))
    await books.outbox.tidy()
    assert await books.pool.fetchval("SELECT previous_salt FROM webhook") is None


async def test_what_a_booking_became_first_is_told_first_and_holds_up_no_other_booking(
    books: Books, receiver: Receiver
) -> None:
    webhook = await listening(books, receiver.url())
    stuck, other = await bookings(books, 2)
    stuck_id, *_ = await books.owe(webhook, stuck, stuck, other, other, None)
    first, later, *others = await message_ids(books, webhook)
    refused = {first}
    receiver.answer = lambda post: Answer(500 if post.headers["webhook-id"] in refused else 200)

    async with books.delivering():
        # However often the later one is due, and whoever looks.
        for attempts in range(1, 4):
            await books.tried(stuck_id, attempts)
            await wait_for(
                lambda: books.statuses(webhook), lambda seen: seen[2:] == [DELIVERED] * 3
            )
            if attempts < 3:
                await books.hurry()
        assert told(receiver).count(first) == 3
        assert later not in told(receiver)
        assert set(others) <= set(told(receiver))
        refused.clear()
        await books.hurry()
        assert await books.settled(webhook) == [DELIVERED] * 5

    assert told(receiver)[-2:] == [first, later]
    assert [each for each in told(receiver) if each in others[:2]] == others[:2]


async def test_the_next_of_a_booking_is_due_as_soon_as_the_one_before_it_has_arrived(
    books: Books, receiver: Receiver
) -> None:
    webhook = await listening(books, receiver.url())
    (booking,) = await bookings(books, 1)
    await books.owe(webhook, *[booking] * 5)

    async with books.delivering(2):
        await books.settled(webhook, seconds_max=15)

    assert told(receiver) == await message_ids(books, webhook)


async def test_what_fails_is_owed_again_later_and_is_the_same_message(
    books: Books, receiver: Receiver
) -> None:
    webhook = await listening(books, receiver.url())
    (delivery_id,) = await books.owe(webhook, None)
    answers = iter([Answer(503), Answer(None), Answer(302, headers="location: /other\r\n")])
    receiver.answer = lambda _post: next(answers, Answer(204))

    async with books.delivering():
        seen = []
        for attempts in (1, 2, 3):
            delivery = await books.tried(delivery_id, attempts)
            seen.append((delivery.last_status, delivery.last_fault))
            assert delivery.next_try_at is not None
            assert delivery.last_attempt_at is not None
            waits = (delivery.next_try_at - delivery.last_attempt_at).total_seconds()
            # The attempt itself takes its time too.
            assert 0.75 * 5 * 2 ** (attempts - 1) <= waits < 1.25 * 5 * 2 ** (attempts - 1) + 12
            await books.hurry()
        assert await books.settled(webhook) == [DELIVERED]

    assert seen == [
        (503, DeliveryFault.STATUS),
        (None, DeliveryFault.PROTOCOL),
        (302, DeliveryFault.REDIRECT),
    ]
    assert len(set(told(receiver))) == 1
    assert {post.path for post in receiver.posts} == {"/hook"}, "a redirect was followed"
    assert len({post.body for post in receiver.posts}) == 1


async def test_a_receiver_that_is_away_gets_everything_when_it_is_back(books: Books) -> None:
    receiver = Receiver()
    await receiver.open()
    await receiver.close()
    webhook = await listening(books, receiver.url())
    first, *_ = await books.owe(webhook, *[None] * 20)

    async with books.delivering():
        assert (await books.tried(first, 1)).last_fault is DeliveryFault.UNREACHABLE
        async with receiver:
            await books.hurry()
            await books.settled(webhook)

    assert sorted(told(receiver)) == sorted(await message_ids(books, webhook))


async def test_after_three_days_it_is_dead_seen_as_such_and_can_be_sent_again(
    books: Books, receiver: Receiver
) -> None:
    webhook = await listening(books, receiver.url())
    (booking,) = await bookings(books, 1)
    dying, next_one = await books.owe(webhook, booking, booking)
    receiver.answer = lambda _post: Answer(500)

    async with books.delivering():
        await books.tried(dying, 1)
        left = await books.pool.fetchval(
            "SELECT extract(epoch FROM give_up_at - now()) FROM webhook_delivery WHERE id = $1",
            dying,
        )
        assert 3 * 86_400 - 60 < left <= 3 * 86_400
        first = told(receiver)[0]
        receiver.answer = lambda post: Answer(500 if post.headers["webhook-id"] == first else 200)
        await books.pool.execute(
            "UPDATE webhook_delivery SET give_up_at = now() WHERE id = $1", dying
        )
        await books.hurry()
        # It holds up the next one no longer.
        assert await books.settled(webhook) == [DEAD, DELIVERED]
        attempts = (await books.log(webhook))[0].attempt_count
        receiver.answer = lambda _post: Answer(200)

        owed = await books.webhooks.resend(dying)
        assert owed is not None
        assert (owed.status, owed.attempt_count) == (OWED, 0)
        assert await books.settled(webhook) == [DELIVERED, DELIVERED]

    assert attempts >= 2
    assert told(receiver)[-1] == first
    assert await books.webhooks.resend(next_one + 1) is None


async def test_what_arrived_can_be_sent_again_too(books: Books, receiver: Receiver) -> None:
    webhook = await listening(books, receiver.url())
    (delivery_id,) = await books.owe(webhook, None)
    async with books.delivering():
        await books.settled(webhook)
        await books.webhooks.resend(delivery_id)
        await books.settled(webhook)
    assert told(receiver) == (await message_ids(books, webhook)) * 2


async def test_what_is_being_tried_is_not_sent_beside_itself(
    books: Books, receiver: Receiver
) -> None:
    webhook = await listening(books, receiver.url())
    (delivery_id,) = await books.owe(webhook, None)
    (in_hand,) = await books.outbox.claim({}, limit=10)

    asked = await books.webhooks.resend(delivery_id)

    assert asked is not None
    assert asked.attempt_count == in_hand.attempt_count == 1
    assert await books.outbox.claim({}, limit=10) == []


async def test_410_disables_the_webhook_and_the_log_says_so(
    books: Books, receiver: Receiver
) -> None:
    webhook = await listening(books, receiver.url())
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


async def test_410_of_an_address_that_was_changed_meanwhile_disables_nothing(
    books: Books, receiver: Receiver
) -> None:
    webhook = await listening(books, receiver.url())
    await books.owe(webhook, None)
    (in_hand,) = await books.outbox.claim({}, limit=10)
    await books.webhooks.change(webhook.id, WebhookChanges(url=receiver.url("/new")))

    await books.outbox.gone(in_hand, 410)

    after = await books.webhooks.by_id(webhook.id)
    assert after is not None
    assert after.is_active


async def test_slow_and_dead_receivers_have_few_places_and_delay_nobody_else(
    books: Books, receiver: Receiver
) -> None:
    async with Receiver(lambda _post: Answer(200, wait_seconds=60.0)) as slow:
        slow_one = await listening(books, slow.url())
        quick_one = await listening(books, receiver.url())
        await books.owe(slow_one, *[None] * 300)
        await books.owe(quick_one, *[None] * 100)
        async with books.delivering():
            assert await books.settled(quick_one, seconds_max=20) == [DELIVERED] * 100
            assert slow.under_way_max == PER_WEBHOOK_MAX
            assert set(await books.statuses(slow_one)) == {OWED}
        assert receiver.under_way_max <= PER_WEBHOOK_MAX


async def test_a_receiver_that_failed_last_is_tried_one_at_a_time(
    books: Books, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpcore_webhook_sender, "ATTEMPT_SECONDS_MAX", 0.3)
    receiver.answer = lambda _post: Answer(200, wait_seconds=30.0)
    webhook = await listening(books, receiver.url())
    await books.owe(webhook, *[None] * 30)

    async def under_way() -> int:
        return receiver.under_way

    async with books.delivering():
        await wait_for(lambda: books.log(webhook), lambda log: _tried(log) >= PER_WEBHOOK_MAX)
        await wait_for(under_way, lambda count: count == 0)
        receiver.under_way_max = 0
        tried = len(receiver.posts)
        await receiver.heard(tried + 3)
        assert receiver.under_way_max == 1
    assert {each.last_fault for each in await books.log(webhook)} == {None, DeliveryFault.TIMEOUT}


def _tried(log: Sequence[object]) -> int:
    return sum(1 for each in log if getattr(each, "last_fault", None) is not None)


async def test_any_number_of_workers_send_each_message_once(
    books: Books, receiver: Receiver
) -> None:
    webhooks = [await listening(books, receiver.url(f"/{number}")) for number in range(10)]
    for webhook in webhooks:
        await books.owe(webhook, *[None] * 20)
    async with books.delivering(3):
        for webhook in webhooks:
            await books.settled(webhook)
    assert set(Counter(told(receiver)).values()) == {1}
    assert len(receiver.posts) == 200


async def test_what_a_dead_worker_had_in_hand_comes_back_when_its_lease_is_over(
    books: Books, receiver: Receiver
) -> None:
    webhook = await listening(books, receiver.url())
    await books.owe(webhook, *[None] * 3)
    assert len(await books.outbox.claim({}, limit=2)) == 2

    async with books.delivering():
        await wait_for(
            lambda: books.statuses(webhook),
            lambda seen: sorted(seen) == [DELIVERED, OWED, OWED],
        )
        assert len(receiver.posts) == 1
        await books.pool.execute(
            "UPDATE webhook_delivery SET claimed_until = now(), next_try_at = now()"
            " WHERE status = 'owed'"
        )
        assert await books.settled(webhook) == [DELIVERED] * 3
    assert [each.attempt_count for each in await books.log(webhook)].count(2) == 2


async def test_a_late_failure_of_an_attempt_that_lost_its_lease_changes_nothing(
    books: Books, receiver: Receiver
) -> None:
    webhook = await listening(books, receiver.url())
    await books.owe(webhook, None)
    (slept,) = await books.outbox.claim({}, limit=10)
    await books.hurry()
    (again,) = await books.outbox.claim({}, limit=10)

    await books.outbox.failed(slept, 500, DeliveryFault.STATUS, retry_seconds=1)
    (delivery,) = await books.log(webhook)
    assert (
        (delivery.last_status, delivery.attempt_count) == (None, again.attempt_count) == (None, 2)
    )

    await books.outbox.delivered(slept, 200)
    assert await books.statuses(webhook) == [DELIVERED], "it did arrive"


async def test_a_worker_that_slept_does_not_send_what_another_may_have(
    books: Books, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_dispatcher, "BEGIN_SECONDS_MAX", -1.0)
    webhook = await listening(books, receiver.url())
    await books.owe(webhook, None)
    async with books.delivering():
        await wait_for(lambda: books.log(webhook), lambda log: bool(log[0].attempt_count == 1))
    assert receiver.posts == []
    assert await books.statuses(webhook) == [OWED]


async def test_of_an_answer_no_more_is_read_than_good_manners_ask_for(
    books: Books, receiver: Receiver
) -> None:
    receiver.answer = lambda _post: Answer(200, body=b"x" * 65_536, repeat_body=100_000)
    webhook = await listening(books, receiver.url())
    await books.owe(webhook, None)
    async with books.delivering():
        assert await books.settled(webhook, seconds_max=10) == [DELIVERED]
    assert receiver.body_count < 1_000


async def test_every_webhook_has_its_turn_however_many_there_are(
    books: Books, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncpg_webhook_outbox, "WEBHOOK_COUNT_MAX", 2)
    webhooks = [await listening(books, receiver.url()) for _ in range(5)]
    for webhook in webhooks:
        await books.owe(webhook, *[None] * 3)
    outbox = books.outbox

    turns = [[each.webhook_id for each in await outbox.claim({}, limit=2)] for _ in range(6)]

    assert {each for turn in turns[:3] for each in turn} >= {webhooks[0].id, webhooks[2].id}
    assert {each for turn in turns for each in turn} >= {webhook.id for webhook in webhooks[::2]}


async def test_a_crowd_that_waits_for_earlier_ones_is_put_out_of_the_way(books: Books) -> None:
    webhook = await listening(books, "http://127.0.0.1:9/")
    ids = await bookings(books, 20)
    await books.owe(webhook, *ids)
    await books.owe(webhook, *ids)
    outbox = books.outbox
    claimed = [each for _ in range(5) for each in await outbox.claim({}, limit=200)]
    assert len(claimed) == 20
    due = await books.pool.fetchval(
        "SELECT count(*) FROM webhook_delivery WHERE status = 'owed' AND next_try_at <= now()"
    )
    assert due == 0
    await outbox.delivered(claimed[0], 200)
    (released,) = await outbox.claim({}, limit=200)
    assert released.id == claimed[0].id + 20


async def test_the_log_is_forgotten_after_a_while_and_a_removed_webhook_entirely(
    books: Books, receiver: Receiver
) -> None:
    webhook, other = [await listening(books, receiver.url()) for _ in range(2)]
    await books.owe(webhook, *[None] * 3)
    async with books.delivering():
        await books.settled(webhook)
    await books.owe(webhook, None)
    await books.pool.execute(
        "UPDATE webhook_delivery SET settled_at = now() - interval '31 days' WHERE id IN"
        " (SELECT id FROM webhook_delivery WHERE status = 'delivered' LIMIT 2)"
    )
    await books.outbox.tidy()
    assert await books.statuses(webhook) == [DELIVERED, OWED]

    await books.webhooks.remove(webhook.id)
    assert await books.webhooks.by_id(webhook.id) is None
    assert await books.outbox.claim({}, limit=10) == []
    await books.pool.execute(
        "UPDATE webhook SET removed_at = now() - interval '1 hour' WHERE NOT is_active"
    )
    await books.outbox.tidy()
    assert await books.pool.fetchval("SELECT count(*) FROM webhook_delivery") == 0
    assert await books.pool.fetchval("SELECT array_agg(id) FROM webhook") == [other.id]


async def test_what_is_owed_is_counted_with_its_age(books: Books) -> None:
    empty = await books.outbox.backlog()
    assert (empty.count, empty.oldest_seconds, empty.waiting_seconds) == (0, 0, 0)
    webhook = await listening(books, "http://127.0.0.1:9/")
    await books.owe(webhook, *[None] * 3)
    await books.pool.execute("UPDATE webhook_delivery SET created_at = now() - interval '1 hour'")
    backlog = await books.outbox.backlog()
    assert backlog.count == 3
    assert 3_600 <= backlog.oldest_seconds < 3_700


async def test_who_is_kept_waiting_is_told_and_not_whose_receiver_fails(books: Books) -> None:
    failing = await listening(books, "http://127.0.0.1:9/")
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

    forgotten = await listening(books, "http://127.0.0.1:9/other")
    await books.owe(forgotten, None)
    await books.pool.execute(
        "UPDATE webhook_delivery SET next_try_at = now() - interval '10 minutes'"
        " WHERE webhook_id = $1",
        forgotten.id,
    )
    backlog = await books.outbox.backlog()
    assert backlog.count == 4
    assert 600 <= backlog.waiting_seconds < 700
