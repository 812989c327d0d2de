"""Deliveries to real receivers: signed, in order, again until they arrive, and never for ever."""

from datetime import UTC, datetime

from onsale.service.ticketing.domain.entity.webhook_entity import (
    DeliveryFault,
    DeliveryStatus,
)
from storm.receiver import Answer, Receiver
from tests.support.polling import wait_for
from tests.support.webhooks import SECRETS, Books, told

DELIVERED, OWED, DEAD = DeliveryStatus.DELIVERED, DeliveryStatus.OWED, DeliveryStatus.DEAD


async def test_a_delivery_comes_signed_dated_and_as_json(books: Books, receiver: Receiver) -> None:
    webhook, secret = await books.listen(await books.seller(), receiver.url("/a?b=c"))
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
    assert [post.headers["webhook-id"]] == await books.message_ids(webhook)
    (delivery,) = await books.log(webhook)
    assert (delivery.attempt_count, delivery.last_status, delivery.last_fault) == (1, 200, None)
    assert delivery.settled_at is not None


async def test_after_a_rotation_both_secrets_sign_until_the_time_of_the_first_is_over(
    books: Books, receiver: Receiver
) -> None:
    webhook, first = await books.listen(await books.seller(), receiver.url())
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
    webhook = await books.listening(receiver.url())
    stuck, other = await books.bookings(2)
    stuck_id, *_ = await books.owe(webhook, stuck, stuck, other, other, None)
    first, later, *others = await books.message_ids(webhook)
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
    webhook = await books.listening(receiver.url())
    (booking,) = await books.bookings(1)
    await books.owe(webhook, *[booking] * 5)

    async with books.delivering(2):
        await books.settled(webhook, seconds_max=15)

    assert told(receiver) == await books.message_ids(webhook)


async def test_what_fails_is_owed_again_later_and_is_the_same_message(
    books: Books, receiver: Receiver
) -> None:
    webhook = await books.listening(receiver.url())
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
    webhook = await books.listening(receiver.url())
    first, *_ = await books.owe(webhook, *[None] * 20)

    async with books.delivering():
        assert (await books.tried(first, 1)).last_fault is DeliveryFault.UNREACHABLE
        async with receiver:
            await books.hurry()
            await books.settled(webhook)

    assert sorted(told(receiver)) == sorted(await books.message_ids(webhook))


async def test_after_three_days_it_is_dead_seen_as_such_and_can_be_sent_again(
    books: Books, receiver: Receiver
) -> None:
    webhook = await books.listening(receiver.url())
    (booking,) = await books.bookings(1)
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
    webhook = await books.listening(receiver.url())
    (delivery_id,) = await books.owe(webhook, None)
    async with books.delivering():
        await books.settled(webhook)
        await books.webhooks.resend(delivery_id)
        await books.settled(webhook)
    assert told(receiver) == (await books.message_ids(webhook)) * 2


async def test_of_an_answer_no_more_is_read_than_good_manners_ask_for(
    books: Books, receiver: Receiver
) -> None:
    receiver.answer = lambda _post: Answer(200, body=b"x" * 65_536, repeat_body=100_000)
    webhook = await books.listening(receiver.url())
    await books.owe(webhook, None)
    async with books.delivering():
        assert await books.settled(webhook, seconds_max=10) == [DELIVERED]
    assert receiver.body_count < 1_000
