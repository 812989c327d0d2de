"""The readers of sales that the contract holds for, and a sale for each of them to read."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from tests.fakes.in_memory_sales import InMemorySales
from tests.support.http_api import HttpApi
from tests.support.pipeline import Pipeline
from tests.support.sold_event import Shop
from tests.support.wired_pipeline import pipeline_on


@pytest.fixture
async def ledger_shop(database_url: str, redis_url: str) -> AsyncIterator[Shop]:
    async with pipeline_on(database_url, redis_url) as pipeline:
        yield shop_on_stores(pipeline)


@pytest.fixture(params=["memory", "ledger"])
def shop(request: pytest.FixtureRequest) -> Shop:
    if request.param == "memory":
        return shop_in_memory(HttpApi())
    shop: Shop = request.getfixturevalue("ledger_shop")
    return shop


def shop_on_stores(pipeline: Pipeline) -> Shop:
    async def grant(event: Event, booking: Booking) -> None:
        del event, booking
        await pipeline.settle()

    async def open_sale(event: Event) -> None:
        assert await pipeline.load.execute(event.id)

    return Shop(
        sales=pipeline.sales,
        bookings=pipeline.bookings,
        create_event=pipeline.create_event,
        create_booking=pipeline.create_booking,
        pay=pipeline.pay,
        cancel=pipeline.cancel,
        set_seats_blocked=pipeline.set_seats_blocked,
        cancel_event=pipeline.cancel_event,
        join=pipeline.user,
        open_sale=open_sale,
        grant=grant,
    )


def shop_in_memory(api: HttpApi) -> Shop:
    async def grant(event: Event, booking: Booking) -> None:
        expires_at = datetime.now(UTC) + timedelta(seconds=event.details.hold_seconds)
        api.bookings.hold(booking.id, booking.seat_positions, expires_at)

    async def open_sale(event: Event) -> None:
        """It is on sale as soon as it is made."""

    async def join(role: UserRole) -> Principal:
        email = f"{len(api.users.users)}@example.test"
        user = await api.users.add(email=email, name="-", role=role, hashed_password="-")
        return Principal(user.id, role, token_id="-")

    services = api.services
    return Shop(
        sales=InMemorySales(api.events, api.bookings),
        bookings=api.bookings,
        create_event=services.create_event,
        create_booking=services.create_booking,
        pay=services.pay_booking,
        cancel=services.cancel_booking,
        set_seats_blocked=services.set_seats_blocked,
        cancel_event=services.cancel_event,
        join=join,
        open_sale=open_sale,
        grant=grant,
    )
