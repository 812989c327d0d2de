"""Both kinds of ``onsale.client`` on the running service."""

import asyncio
from datetime import UTC, datetime

import pytest

from onsale.client import (
    BookingStatus,
    Delivery,
    DeliveryStatus,
    DisabledReason,
    EventChanges,
    EventStatus,
    Hall,
    NewEvent,
    NewSection,
    NewSubsection,
    PriceCategory,
    RegularHall,
    RegularSection,
    TicketStatus,
    WebhookEvent,
    verify_webhook,
)
from onsale.client.problems import (
    AlreadyAdmittedError,
    BookingNotCancellableError,
    EmailTakenError,
    ForbiddenRoleError,
    HoldExpiredError,
    InvalidCredentialsError,
    InvalidRequestError,
    NotAuthenticatedError,
    NotOwnerError,
    PaymentDeclinedError,
    SeatConflictError,
    TicketLimitReachedError,
    WebhookAddressRefusedError,
    WebhookDeliveryNotFoundError,
    WebhookDisabledError,
    WebhookNotFoundError,
)
from storm.receiver import Receiver
from tests.support.either_client import BOTH_KINDS, either_client
from tests.support.onsale_up import CARD_NUMBER, PASSWORD, OnsaleUp
from tests.support.polling import wait_for
from tests.support.small_event import SMALL, opened
from tests.support.visitors import new_email

pytestmark = BOTH_KINDS

DECLINED_CARD = "4000 0000 0000 0002"


async def test_an_account_from_beginning_to_end(system: OnsaleUp, kind: str) -> None:
    async with either_client(kind, system.base_url) as client:
        email = new_email()
        user = await client.register(email, PASSWORD, "Ada", "buyer")
        with pytest.raises(EmailTakenError):
            await client.register(email, PASSWORD, "Ada", "buyer")
        with pytest.raises(NotAuthenticatedError):
            await client.get_current_user()
        with pytest.raises(InvalidCredentialsError):
            await client.log_in(email, "another word")
        session = await client.log_in(email, PASSWORD)
        assert client.client.token == session.access_token
        assert await client.get_current_user() == user
        with pytest.raises(ForbiddenRoleError):
            await client.create_event(SMALL)
        await client.log_out()
        assert client.client.token is None
        with pytest.raises(InvalidRequestError) as told:
            await client.register("no address", PASSWORD, "Ada", "buyer")
        assert [each.field for each in told.value.errors] == ["email"]


async def test_what_a_buyer_does(system: OnsaleUp, kind: str) -> None:
    async with either_client(kind, system.base_url) as client:
        seller, buyer = await client.member("seller"), await client.member("buyer")
        event_id = await opened(seller)
        booking = await buyer.create_booking(event_id, "A", 1, seats=["1-1", "1-2"])
        assert booking.status is BookingStatus.PROCESSING
        held = await buyer.wait_for_seats(booking)
        assert (held.status, held.total_price) == (BookingStatus.PENDING_PAYMENT, 2_000)
        with pytest.raises(PaymentDeclinedError) as declined:
            await buyer.pay_booking(held, DECLINED_CARD)
        assert declined.value.decline_reason == "card_declined"

        following = asyncio.create_task(buyer.stream("follow_booking", booking).all())
        paid = await buyer.pay_booking(held, CARD_NUMBER)
        assert (paid.status, paid.id) == (BookingStatus.COMPLETED, booking.id)
        seen = await following
        assert seen[-1].status is BookingStatus.COMPLETED
        bought = await buyer.get_booking(booking.id)
        assert [each.status for each in bought.tickets] == [TicketStatus.SOLD] * 2
        assert bought.tickets[0].code
        assert (await buyer.get_qr_code(bought, bought.tickets[0])).startswith(b"<")

        other = await buyer.wait_for_seats(await buyer.create_booking(event_id, "A", 2, quantity=3))
        assert (await buyer.cancel_booking(other)).status is BookingStatus.CANCELLED
        with pytest.raises(BookingNotCancellableError):
            await buyer.cancel_booking(other)
        page = await buyer.list_bookings(limit=1)
        assert ([each.id for each in page.items], page.next_cursor is None) == ([other.id], False)
        everything = await buyer.stream("all_bookings", event_id=event_id).all()
        assert [each.id for each in everything] == [other.id, booking.id]
        assert not (await buyer.list_bookings(status="failed")).items


async def test_seats_that_are_taken_come_with_others(system: OnsaleUp, kind: str) -> None:
    async with either_client(kind, system.base_url) as client:
        seller, buyer = await client.member("seller"), await client.member("buyer")
        event_id = await opened(seller)
        await buyer.wait_for_seats(await buyer.create_booking(event_id, "A", 1, seats=["1-1"]))

        async def conflict() -> SeatConflictError | None:
            try:
                await buyer.create_booking(event_id, "A", 1, seats=["1-1"])
            except SeatConflictError as error:
                return error
            return None

        error = await wait_for(conflict, lambda error: error is not None)
        assert error is not None
        assert error.seats == ("1-1",)
        assert error.alternatives[0] == ("1-2",)
        found = await buyer.get_alternatives(event_id, "A", 1, ["1-1", "1-2"])
        assert found.alternatives[0] == ["1-2", "1-3"]


async def test_what_a_seller_does(system: OnsaleUp, kind: str) -> None:
    async with either_client(kind, system.base_url) as client:
        seller, buyer = await client.member("seller"), await client.member("buyer")
        front = NewSubsection(
            number=1,
            rows=3,
            seats_per_row=6,
            price_categories=[PriceCategory("front", 5_000, (1, 1))],
            accessible=["3-1"],
            companion=["3-2"],
        )
        event_id = await opened(
            seller,
            NewEvent(
                name="Opera",
                venue_name="House",
                seating_config=Hall([NewSection("A", 1_000, [front])]),
                starts_at=datetime(2031, 5, 1, 19, 30, tzinfo=UTC),
                on_sale_at=None,
                currency="EUR",
                max_tickets_per_buyer=4,
            ),
        )
        blocked = await seller.block_seats(event_id, "A", 1, ["2-1", "2-2"])
        assert blocked.seats == ["2-1", "2-2"]
        assert (await seller.unblock_seats(event_id, "A", 1, ["2-1"])).seats == ["2-1"]
        booking = await buyer.create_booking(event_id, "A", 1, quantity=2, price_category="front")
        held = await buyer.wait_for_seats(booking)
        assert held.total_price == 10_000
        await buyer.pay_booking(held, CARD_NUMBER)
        special = await buyer.create_booking(event_id, "A", 1, accessible_seats=1)
        assert (await buyer.wait_for_seats(special)).seat_positions == ["3-1"]
        with pytest.raises(TicketLimitReachedError) as limited:
            await buyer.create_booking(event_id, "A", 1, quantity=2)
        assert (limited.value.limit, limited.value.taken) == (4, 3)

        seats = (await buyer.get_seat_map(event_id, "A", 1)).seats
        assert {each.position for each in seats if each.kind == "accessible"} == {"3-1"}
        sales = await wait_for(lambda: seller.get_sales(event_id), lambda sales: sales.sold == 2)
        assert (sales.revenue, sales.reserved, sales.blocked) == (10_000, 1, 1)
        tickets = await seller.stream("export_tickets", event_id).all()
        assert [each.booking_id for each in tickets if each.status == "sold"] == [booking.id] * 2
        raw = b"".join(await seller.stream("download_tickets", event_id).all())
        assert raw.count(b"\r\n") == 1 + len(tickets)

        renamed = await seller.update_event(event_id, EventChanges(name="Opera, again"))
        assert (renamed.name, renamed.venue_name) == ("Opera, again", "House")
        mine = await seller.stream("all_events", mine=True).all()
        assert [each.id for each in mine] == [event_id]
        assert (await client.get_event(event_id)).sections[0].sold == 2
        assert (await seller.cancel_event(event_id)).status is EventStatus.CANCELLED
        ended = await buyer.stream("follow_booking", special).all()
        assert ended[-1].cancel_reason == "event_cancelled"


async def test_a_seller_is_told_of_a_sale_and_knows_who_tells(system: OnsaleUp, kind: str) -> None:
    async with either_client(kind, system.base_url) as client, Receiver() as receiver:
        seller, buyer = await client.member("seller"), await client.member("buyer")
        with pytest.raises(WebhookAddressRefusedError):
            await seller.register_webhook("https://10.0.0.1/hook")
        webhook = await seller.register_webhook(
            receiver.url(), event_types=[WebhookEvent.BOOKING_COMPLETED]
        )
        assert webhook.secret not in repr(webhook)
        assert [each.id for each in (await seller.list_webhooks(limit=1)).items] == [webhook.id]
        with pytest.raises(NotOwnerError):
            await (await client.member("seller")).get_webhook(webhook.id)

        pinged = await seller.ping_webhook(webhook.id)
        await receiver.heard(1)
        event_id = await opened(seller)
        held = await buyer.wait_for_seats(await buyer.create_booking(event_id, "A", 1))
        await buyer.pay_booking(held, CARD_NUMBER)
        await receiver.heard(2)
        for post in receiver.posts:
            assert verify_webhook(webhook.secret, post.headers, post.body)
            assert not verify_webhook(webhook.secret, post.headers, post.body + b" ")

        async def log() -> list[Delivery]:
            told: list[Delivery] = await seller.stream("all_deliveries", webhook.id).all()
            return told

        told = await wait_for(
            log, lambda log: [each.status for each in log] == [DeliveryStatus.DELIVERED] * 2
        )
        assert [(each.type, each.booking_id) for each in told] == [
            ("booking.completed", held.id),
            ("ping", None),
        ]
        with pytest.raises(WebhookDeliveryNotFoundError):
            await seller.resend_delivery(webhook.id, 2**31)
        again = await seller.resend_delivery(webhook.id, pinged.id)
        assert (again.message_id, again.status) == (pinged.message_id, DeliveryStatus.OWED)
        await receiver.heard(3)

        turned = await seller.rotate_webhook_secret(webhook.id)
        assert turned.secret != webhook.secret
        changed = await seller.update_webhook(webhook.id, is_active=False)
        assert (changed.is_active, changed.disabled_reason) == (False, DisabledReason.SELLER)
        assert changed.event_types == [WebhookEvent.BOOKING_COMPLETED]
        with pytest.raises(WebhookDisabledError):
            await seller.ping_webhook(webhook.id)
        await seller.remove_webhook(webhook.id)
        with pytest.raises(WebhookNotFoundError):
            await seller.get_webhook(webhook.id)


async def test_a_door_lets_a_ticket_in_once(system: OnsaleUp, kind: str) -> None:
    async with either_client(kind, system.base_url) as client:
        seller, buyer = await client.member("seller"), await client.member("buyer")
        event_id = await opened(seller)
        held = await buyer.wait_for_seats(await buyer.create_booking(event_id, "A", 1))
        await buyer.pay_booking(held, CARD_NUMBER)
        [ticket] = (await buyer.get_booking(held)).tickets
        admitted = await seller.admit_ticket(event_id, ticket.code)
        assert admitted.ticket_id == ticket.id
        with pytest.raises(AlreadyAdmittedError) as told:
            await seller.admit_ticket(event_id, ticket.code)
        assert told.value.admitted_at == admitted.admitted_at


async def test_a_hold_runs_out_in_front_of_its_buyer(system: OnsaleUp, kind: str) -> None:
    async with either_client(kind, system.base_url) as client:
        seller, buyer = await client.member("seller"), await client.member("buyer")
        hall = SMALL.seating_config
        event_id = await opened(
            seller, NewEvent(name="X", venue_name="Y", seating_config=hall, hold_seconds=5)
        )
        booking = await buyer.create_booking(event_id, "A", 1)
        seen = await buyer.stream("follow_booking", booking, seconds_max=60).all()
        assert (seen[-1].status, seen[-1].cancel_reason) == ("cancelled", "expired")
        with pytest.raises(HoldExpiredError):
            await buyer.pay_booking(booking, CARD_NUMBER)


async def test_those_who_run_the_service_ask_how_it_is(system: OnsaleUp, kind: str) -> None:
    async with either_client(kind, system.base_url) as client:
        assert (await client.livez()).status == "alive"
        assert "postgresql" in (await client.readyz()).checks
        assert "onsale_" in await client.metrics()


async def test_the_pages_of_a_list_are_gone_through(system: OnsaleUp, kind: str) -> None:
    async with either_client(kind, system.base_url) as client:
        seller = await client.member("seller")
        hall = RegularHall(1, 1, [RegularSection("A", 0, 1)])
        tiny = NewEvent(name="Tiny", venue_name="Box", seating_config=hall)
        made = [await seller.create_event(tiny) for _ in range(3)]
        one = await seller.list_events(mine=True, limit=2)
        two = await seller.list_events(mine=True, limit=2, cursor=one.next_cursor)
        ids = [each.id for each in (*one.items, *two.items)]
        assert ids == [each.id for each in reversed(made)]
        assert two.next_cursor is None
