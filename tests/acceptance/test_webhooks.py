"""Webhooks of a running service, told to a receiver that is away, slow and forgetful."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from datetime import datetime

import httpx
import pytest

from storm.receiver import Answer, Post, Receiver
from tests.support.onsale_up import OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, JsonObject, Seller, check_problem

DELIVERY_SECONDS_MAX = 90.0
EVERYTHING = {"booking.completed", "booking.cancelled", "event.sold_out"}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as listening:
        yield listening


async def register(seller: Seller, url: str) -> JsonObject:
    return await seller.expect(201, "POST", "/api/webhook", {"url": url})


async def settled(seller: Seller, webhook: JsonObject, count: int) -> list[JsonObject]:
    """The log once it holds so many deliveries and none of them is owed."""
    return await wait_for(
        lambda: seller.all_items(f"/api/webhook/{webhook['id']}/deliveries"),
        lambda log: len(log) >= count and all(line["status"] != "owed" for line in log),
        seconds_max=DELIVERY_SECONDS_MAX,
        poll_seconds=0.25,
    )


async def test_a_receiver_that_is_away_slow_and_forgetful_is_told_everything_in_order(
    seller: Seller,
    buyer: Buyer,
    receiver: Receiver,
    record_property: Callable[[str, object], None],
) -> None:
    """What it saw is printed. Its answers are lost after it has taken a delivery in: so it sees
    some twice.
    """
    webhook = await register(seller, receiver.url())
    event_id = await seller.open_event()
    notes: list[tuple[Post, str]] = []
    mood = "well"

    def answer(post: Post) -> Answer:
        notes.append((post, mood))
        if mood == "slow":
            return Answer(200, wait_seconds=1.5)
        is_first = sum(
            seen.headers["webhook-id"] == post.headers["webhook-id"] for seen, _ in notes
        )
        return Answer(None) if mood == "forgetful" and is_first == 1 else Answer(204)

    receiver.answer = answer

    async def sell() -> str:
        held = await buyer.hold(event_id)
        assert (await buyer.pay(held["id"])).status_code == 200
        booking_id: str = held["id"]
        return booking_id

    bookings = [await sell()]
    await settled(seller, webhook, 1)
    await receiver.close()
    away = [await sell(), await sell()]
    await wait_for(
        lambda: seller.all_items(f"/api/webhook/{webhook['id']}/deliveries"),
        lambda log: [line["last_error"] for line in log].count("unreachable") == 2,
        seconds_max=DELIVERY_SECONDS_MAX,
    )
    mood = "slow"
    await receiver.open()
    bookings += [*away, await sell()]
    await settled(seller, webhook, 4)
    mood = "forgetful"
    bookings.append(await sell())
    given_up = (await buyer.hold(event_id))["id"]
    assert (await buyer.cancel(given_up)).status_code == 200
    await seller.expect(202, "POST", f"/api/event/{event_id}/cancel")
    log = await settled(seller, webhook, 11)

    for post, how in notes:
        told = json.loads(post.body)
        record_property(
            "shown",
            f"receiver, {how}: {post.headers['webhook-id'][:12]} {told['type']}"
            f" {told['data']['previous_status']} -> {told['data']['status']}"
            f" of {told['data']['booking_id'][-6:]}",
        )
    assert all(post.is_signed_with(webhook["secret"]) for post, _ in notes)
    # Nobody invented one, and none is missing.
    by_id = {line["message_id"]: line for line in log}
    assert {post.headers["webhook-id"] for post, _ in notes} == by_id.keys()
    assert {line["status"] for line in log} == {"delivered"}
    seen_twice = [post for post, how in notes if how == "forgetful"]
    assert len(seen_twice) > len({post.headers["webhook-id"] for post in seen_twice})
    for booking_id in (*bookings, given_up):
        firsts = list(
            dict.fromkeys(
                (json.loads(post.body)["type"], post.body)
                for post, _ in notes
                if json.loads(post.body)["data"]["booking_id"] == booking_id
            )
        )
        expected = ["booking.cancelled"] if booking_id == given_up else ["booking.completed"]
        if booking_id != given_up:
            expected.append("booking.cancelled")
        assert [kind for kind, _ in firsts] == expected, booking_id
        times = [datetime.fromisoformat(json.loads(body)["timestamp"]) for _, body in firsts]
        assert times == sorted(times)


async def test_a_sold_out_event_is_told_and_a_receiver_that_answers_twice_is_heard_once(
    seller: Seller, buyer: Buyer, receiver: Receiver
) -> None:
    webhook = await register(seller, receiver.url())
    # Two answers to one request: a second that nobody has asked for.
    twice = b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n"
    receiver.answer = lambda _post: Answer(200, trailing=twice)
    event_id = await seller.open_event(
        {"rows": 1, "cols": 2, "sections": [{"name": "A", "price": 1, "subsections": 1}]}
    )
    await buyer.hold(event_id, quantity=2)

    (line,) = await settled(seller, webhook, 1)

    assert (line["type"], line["event_id"], line["status"]) == (
        "event.sold_out",
        event_id,
        "delivered",
    )
    assert (line["last_status"], line["attempts"]) == (200, 1)
    assert len(receiver.posts) == 1


async def test_a_worker_that_is_killed_in_the_middle_loses_nothing(
    seller: Seller, buyer: Buyer, receiver: Receiver, system: OnsaleUp
) -> None:
    webhook = await register(seller, receiver.url())
    receiver.answer = lambda _post: Answer(200, wait_seconds=60)
    pings = [
        await seller.expect(202, "POST", f"/api/webhook/{webhook['id']}/test") for _ in range(6)
    ]
    await receiver.heard(1)

    system.send("webhooks", signal.SIGKILL)
    receiver.answer = lambda _post: Answer(200)

    log = await settled(seller, webhook, 6)
    assert {line["status"] for line in log} == {"delivered"}
    told = {post.headers["webhook-id"] for post in receiver.posts}
    assert told == {ping["message_id"] for ping in pings}


async def test_addresses_inside_the_network_are_refused(seller: Seller) -> None:
    for url in ("http://10.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "http://example.com/"):
        answer = await seller.send("POST", "/api/webhook", json={"url": url})
        check_problem(answer, 422, "WEBHOOK_ADDRESS_REFUSED")


async def test_the_worker_tells_what_it_delivers_and_owes(
    seller: Seller, receiver: Receiver, system: OnsaleUp
) -> None:
    webhook = await register(seller, receiver.url())
    await seller.expect(202, "POST", f"/api/webhook/{webhook['id']}/test")
    await settled(seller, webhook, 1)
    port = system.settings["ONSALE_METRICS_PORT_WEBHOOKS"]

    async def metrics() -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"http://127.0.0.1:{port}/metrics")).text

    told = await wait_for(
        metrics, lambda text: 'onsale_webhook_attempts_total{outcome="delivered"} 0.0' not in text
    )
    for name in (
        'onsale_webhook_attempts_total{outcome="failed"}',
        'onsale_webhook_attempts_total{outcome="dead"}',
        "onsale_webhook_deliveries_owed",
        "onsale_webhook_oldest_owed_seconds",
        "onsale_webhook_longest_wait_seconds",
        "onsale_webhook_looked_timestamp_seconds",
        "onsale_webhook_attempt_duration_seconds_bucket",
    ):
        assert name in told


async def test_secrets_are_in_no_log(seller: Seller, receiver: Receiver, system: OnsaleUp) -> None:
    webhook = await register(seller, receiver.url())
    rotated = await seller.expect(200, "POST", f"/api/webhook/{webhook['id']}/secret")
    await seller.expect(202, "POST", f"/api/webhook/{webhook['id']}/test")
    await settled(seller, webhook, 1)
    secrets = [webhook["secret"], rotated["secret"]]
    assert await asyncio.to_thread(system.logs_with, *secrets) == []
