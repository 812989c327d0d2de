"""Both kinds of ``onsale.client`` when what the running service answers is lost on its way."""

from dataclasses import replace

import pytest

from onsale.client import (
    BookingStatus,
    NoAnswerError,
    OnsaleError,
)
from onsale.client.booking_calls import create_booking
from onsale.client.call import Repeat
from onsale.client.event_calls import create_event
from onsale.client.problems import (
    IdempotencyKeyReusedError,
)
from onsale.client.user_calls import get_current_user
from tests.support.either_client import BOTH_KINDS, either_client
from tests.support.hostile_server import Spoil, http, spoiling_proxy
from tests.support.onsale_up import CARD_NUMBER, OnsaleUp
from tests.support.small_event import SMALL, opened
from tests.support.visitors import new_email

pytestmark = BOTH_KINDS


def cut(answer: bytes) -> bytes:
    return answer[:-20]


def lost(_: bytes) -> bytes:
    return b""


def busy(_: bytes) -> bytes:
    return http(503, b"busy", "text/plain", retry_after="0")


def garbled(answer: bytes) -> bytes:
    head, end, body = answer.partition(b"\r\n\r\n")
    return head + end + bytes(each ^ 0x55 for each in body)


SPOILS = [[lost], [cut], [busy], [garbled], [busy, cut, lost]]
IDS = ["lost", "cut off", "503", "garbled", "one after another"]


@pytest.mark.parametrize("spoils", SPOILS, ids=IDS)
async def test_an_answer_that_is_lost_leaves_one_booking(
    system: OnsaleUp, kind: str, spoils: list[Spoil]
) -> None:
    async with (
        either_client(kind, system.base_url) as client,
        spoiling_proxy(system.base_url, "/api/booking", *spoils) as proxy,
        either_client(kind, proxy.url) as far,
    ):
        seller, buyer = await client.member("seller"), await client.member("buyer")
        event_id = await opened(seller)
        booking = await far.as_user(buyer.client.token).create_booking(event_id, "A", 1)
        assert len(proxy.asked) == len(spoils) + 1
        assert len({each.headers["idempotency-key"] for each in proxy.asked}) == 1
        everything = await buyer.stream("all_bookings").all()
        assert [each.id for each in everything] == [booking.id]


async def test_without_its_key_a_booking_would_be_made_twice(system: OnsaleUp, kind: str) -> None:
    async with (
        either_client(kind, system.base_url) as client,
        spoiling_proxy(system.base_url, "/api/booking", lost) as proxy,
        either_client(kind, proxy.url) as far,
    ):
        seller, buyer = await client.member("seller"), await client.member("buyer")
        event_id = await opened(seller)
        without = replace(create_booking(event_id, "A", 1), idempotency_key=None)
        mine = far.as_user(buyer.client.token)
        await mine.run(mine.client.core.ask(without))
        assert len(await buyer.stream("all_bookings").all()) == 2


@pytest.mark.parametrize("spoils", SPOILS, ids=IDS)
async def test_an_answer_that_is_lost_charges_a_card_once(
    system: OnsaleUp, kind: str, spoils: list[Spoil]
) -> None:
    async with either_client(kind, system.base_url) as client:
        seller, buyer = await client.member("seller"), await client.member("buyer")
        event_id = await opened(seller)
        held = await buyer.wait_for_seats(await buyer.create_booking(event_id, "A", 1))
        async with (
            spoiling_proxy(system.base_url, f"/api/booking/{held.id}/pay", *spoils) as proxy,
            either_client(kind, proxy.url) as far,
        ):
            paid = await far.as_user(buyer.client.token).pay_booking(held, CARD_NUMBER)
            assert len(proxy.asked) == len(spoils) + 1
        assert paid.payment_id
        assert paid.status is BookingStatus.COMPLETED


async def test_what_has_no_key_is_not_asked_for_twice(system: OnsaleUp, kind: str) -> None:
    async with (
        either_client(kind, system.base_url) as client,
        spoiling_proxy(system.base_url, "/api/event", lost, lost) as proxy,
        either_client(kind, proxy.url) as far,
    ):
        seller = await client.member("seller")
        mine = far.as_user(seller.client.token)
        with pytest.raises(NoAnswerError) as told:
            await mine.create_event(SMALL)
        assert told.value.may_have_happened
        assert len(await seller.stream("all_events", mine=True).all()) == 1
        # What would happen if it were.
        carelessly = replace(create_event(SMALL), repeat=Repeat.ALWAYS)
        await mine.run(mine.client.core.ask(carelessly))
        assert len(await seller.stream("all_events", mine=True).all()) == 3


async def test_a_key_of_ones_own_is_good_for_one_request(system: OnsaleUp, kind: str) -> None:
    async with either_client(kind, system.base_url) as client:
        seller, buyer = await client.member("seller"), await client.member("buyer")
        event_id = await opened(seller)
        key = new_email()
        first = await buyer.create_booking(event_id, "A", 1, idempotency_key=key)
        again = await buyer.create_booking(event_id, "A", 1, idempotency_key=key)
        assert again.id == first.id
        with pytest.raises(IdempotencyKeyReusedError):
            await buyer.create_booking(event_id, "A", 2, idempotency_key=key)


async def test_a_service_that_is_not_there_is_said(kind: str) -> None:
    async with either_client(kind, "http://127.0.0.1:1") as client:
        with pytest.raises(OnsaleError, match="/api/user/me"):
            await client.run(client.client.core.ask(get_current_user()))
