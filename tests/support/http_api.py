"""The HTTP side on fakes: everything but PostgreSQL, the stores and the network is real."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from uuid_utils.compat import uuid7

from onsale.bootstrap_webhooks import services_on
from onsale.service.ticketing.app.command.admit_ticket_use_case import AdmitTicketUseCase
from onsale.service.ticketing.app.command.cancel_event_use_case import CancelEventUseCase
from onsale.service.ticketing.app.command.create_booking_use_case import CreateBookingUseCase
from onsale.service.ticketing.app.command.create_event_and_tickets_use_case import (
    CreateEventAndTicketsUseCase,
)
from onsale.service.ticketing.app.command.log_in_use_case import LogInUseCase
from onsale.service.ticketing.app.command.log_out_use_case import LogOutUseCase
from onsale.service.ticketing.app.command.mock_payment_and_update_status_to_completed_use_case import (  # noqa: E501
    MockPaymentAndUpdateStatusToCompletedUseCase,
)
from onsale.service.ticketing.app.command.register_user_use_case import RegisterUserUseCase
from onsale.service.ticketing.app.command.set_seats_blocked_use_case import (
    SetSeatsBlockedUseCase,
)
from onsale.service.ticketing.app.command.update_booking_status_to_cancelled_use_case import (
    UpdateBookingStatusToCancelledUseCase,
)
from onsale.service.ticketing.app.command.update_event_use_case import UpdateEventUseCase
from onsale.service.ticketing.app.interface.i_payment_gateway import (
    Authorized,
    AuthorizeOutcome,
    Captured,
    Declined,
    FinalOutcome,
    GatewayPayment,
    GatewayTimeoutError,
    Voided,
)
from onsale.service.ticketing.app.query.export_tickets_use_case import ExportTicketsUseCase
from onsale.service.ticketing.app.query.get_alternatives_use_case import GetAlternativesUseCase
from onsale.service.ticketing.app.query.get_booking_use_case import GetBookingUseCase
from onsale.service.ticketing.app.query.get_current_user_use_case import GetCurrentUserUseCase
from onsale.service.ticketing.app.query.get_event_use_case import GetEventUseCase
from onsale.service.ticketing.app.query.get_sales_use_case import GetSalesUseCase
from onsale.service.ticketing.app.query.get_seat_map_use_case import GetSeatMapUseCase
from onsale.service.ticketing.app.query.get_ticket_code_use_case import GetTicketCodeUseCase
from onsale.service.ticketing.app.query.list_bookings_use_case import ListBookingsUseCase
from onsale.service.ticketing.app.query.list_events_use_case import ListEventsUseCase
from onsale.service.ticketing.app.query.read_live_bookings_use_case import ReadLiveBookingsUseCase
from onsale.service.ticketing.app.query.read_live_events_use_case import ReadLiveEventsUseCase
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.live_feed import LiveTopics
from onsale.service.ticketing.app.service.payment_ledger import PaymentLedger
from onsale.service.ticketing.app.service.seat_count_reader import SeatCountReader
from onsale.service.ticketing.app.service.seat_memory import SeatMemory
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.driven_adapter.security.bcrypt_password_hasher import (
    BcryptPasswordHasher,
)
from onsale.service.ticketing.driven_adapter.security.hmac_ticket_codes import HmacTicketCodes
from onsale.service.ticketing.driven_adapter.security.jwt_token_service import JwtTokenService
from onsale.service.ticketing.driven_adapter.security.payment_digest import PaymentDigest
from onsale.service.ticketing.driven_adapter.webhook.derived_webhook_secrets import (
    DerivedWebhookSecrets,
)
from onsale.service.ticketing.driving_adapter.http_controller.app import create_app
from onsale.service.ticketing.driving_adapter.http_controller.http_services import HttpServices
from onsale.service.ticketing.driving_adapter.http_controller.live_views import (
    LiveBooking,
    LiveEvent,
    booking_reader,
    event_reader,
)
from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import (
    RateLimitRules,
    RateLimits,
)
from tests.fakes.in_memory_bookings import InMemoryBookings, InMemoryUnitOfWork
from tests.fakes.in_memory_events import InMemoryEvents
from tests.fakes.in_memory_sales import InMemorySales
from tests.fakes.in_memory_users import InMemoryUsers
from tests.fakes.in_memory_webhooks import InMemoryWebhooks, KnownAddresses

SECRET = b"a secret of thirty-two bytes, or more"
PASSWORD = "correct horse"
BASE_URL = "http://127.0.0.1:8000"


@dataclass
class ScriptedGateway:
    """Answers what the test wants; ``None``: nothing, in time."""

    outcome: FinalOutcome | None = field(default_factory=lambda: Captured("pay_1"))
    cards: list[str] = field(default_factory=list)

    async def authorize(
        self, key: UUID, *, amount: int, currency: str, card_number: str
    ) -> AuthorizeOutcome:
        self.cards.append(card_number)
        return self.outcome if isinstance(self.outcome, Declined) else Authorized()

    async def capture(self, key: UUID) -> FinalOutcome:
        if self.outcome is None:
            raise GatewayTimeoutError
        return self.outcome

    async def settle(self, key: UUID) -> FinalOutcome:
        return Voided()

    async def refund(self, key: UUID, *, payment_id: str, amount: int) -> None:
        raise AssertionError("nobody gives money back while HTTP is tested")

    async def payments_since(
        self, moment: datetime, *, after: str = "", limit: int
    ) -> Sequence[GatewayPayment]:
        return []


class PostedCommands:
    def __init__(self) -> None:
        self.posted: list[Booking] = []

    async def publish(self, bookings: Sequence[Booking], epochs: Mapping[int, int]) -> None:
        self.posted.extend(bookings)

    def post(self, bookings: Sequence[Booking], epochs: Mapping[int, int]) -> None:
        self.posted.extend(bookings)


@dataclass
class TouchedTopics:
    """Notices reach the topics of this process at once."""

    bookings: LiveTopics[UUID, LiveBooking]
    events: LiveTopics[int, LiveEvent]

    async def publish(
        self,
        *,
        bookings: Collection[UUID] = (),
        events: Collection[int] = (),
        altered_events: Collection[int] = (),
    ) -> None:
        self.bookings.touch(bookings)
        self.events.touch([*events, *altered_events])


class HttpApi:
    """The application and what stands behind it."""

    def __init__(self) -> None:
        self.users = InMemoryUsers()
        self.events = InMemoryEvents()
        self.bookings = InMemoryBookings(self.events)
        self.gateway = ScriptedGateway()
        self.webhooks, self.addresses = InMemoryWebhooks(), KnownAddresses()
        self.commands = PostedCommands()
        self.readiness: dict[str, Callable[[], Awaitable[object]]] = {}
        self.tokens = JwtTokenService(
            SECRET,
            self.users,
            lifetime=timedelta(hours=1),
            now=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
            new_id=uuid7,
        )
        self.hasher = BcryptPasswordHasher(rounds=4)
        self.catalog = EventCatalog(self.events, time.monotonic)
        self.seat_memory = SeatMemory(self.events, time.monotonic)
        self.get_event = GetEventUseCase(self.catalog, SeatCountReader(self.events, self.events))
        self.live_bookings = LiveTopics(
            booking_reader(ReadLiveBookingsUseCase(self.bookings).execute), 0.0
        )
        self.live_events = LiveTopics(
            event_reader(ReadLiveEventsUseCase(self.get_event).execute), 0.0
        )
        self.notices = TouchedTopics(self.live_bookings, self.live_events)
        self.shutdown = asyncio.Event()
        self.rate_limits = RateLimits(RateLimitRules(), time.monotonic, secret=SECRET)
        self.services = self._services()
        self.app: FastAPI = create_app(self.services)

    def _services(self) -> HttpServices:
        unit_of_work, codes = InMemoryUnitOfWork(self.bookings), HmacTicketCodes(SECRET)
        sales = InMemorySales(self.events, self.bookings)
        get_seat_map = GetSeatMapUseCase(self.catalog, self.events, self.events)
        return HttpServices(
            tokens=self.tokens,
            register_user=RegisterUserUseCase(self.users, self.hasher),
            log_in=LogInUseCase(self.users, self.hasher, self.tokens),
            log_out=LogOutUseCase(self.users, self.tokens),
            get_current_user=GetCurrentUserUseCase(self.users),
            create_event=CreateEventAndTicketsUseCase(self.events),
            update_event=UpdateEventUseCase(self.events, self.events, self.catalog, self.notices),
            cancel_event=CancelEventUseCase(self.events, self.events, self.catalog, self.notices),
            set_seats_blocked=SetSeatsBlockedUseCase(self.events, unit_of_work, self.catalog),
            get_sales=GetSalesUseCase(self.catalog, sales),
            export_tickets=ExportTicketsUseCase(self.catalog, sales),
            list_events=ListEventsUseCase(self.events),
            get_event=self.get_event,
            get_seat_map=get_seat_map,
            get_alternatives=GetAlternativesUseCase(get_seat_map),
            create_booking=CreateBookingUseCase(
                self.catalog,
                self.seat_memory,
                self.bookings,
                self.commands,
                uuid7,
                lambda: datetime.now(UTC),
            ),
            pay_booking=MockPaymentAndUpdateStatusToCompletedUseCase(
                self.bookings,
                unit_of_work,
                self.gateway,
                PaymentLedger(unit_of_work, self.commands, self.notices),
                uuid7,
                PaymentDigest(SECRET),
            ),
            cancel_booking=UpdateBookingStatusToCancelledUseCase(
                self.bookings, unit_of_work, self.commands, self.notices
            ),
            get_booking=GetBookingUseCase(self.bookings, self.catalog, codes),
            get_ticket_code=GetTicketCodeUseCase(self.bookings, codes),
            admit_ticket=AdmitTicketUseCase(self.catalog, codes, unit_of_work),
            list_bookings=ListBookingsUseCase(self.bookings),
            webhooks=services_on(self.webhooks, self.addresses, DerivedWebhookSecrets(SECRET)),
            live_bookings=self.live_bookings,
            live_events=self.live_events,
            readiness=self.readiness,
            rate_limits=self.rate_limits,
            metrics=CollectorRegistry(),
            shutdown=self.shutdown,
            monotonic=time.monotonic,
            version="0.0.0",
        )

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """A client of its own, with a session or without."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url=BASE_URL, headers=headers
        )

    async def log_in_as(self, name: str, role: str) -> httpx.AsyncClient:
        """A client with the session of a new account."""
        email = f"{name}@example.test"
        async with self.client() as client:
            account = {"email": email, "password": PASSWORD, "name": name, "role": role}
            assert (await client.post("/api/user", json=account)).status_code == 201
            session = await client.post(
                "/api/user/login", json={"email": email, "password": PASSWORD}
            )
        return self.client(session.json()["access_token"])


def event_form(**changes: object) -> dict[str, Any]:
    """A valid event of one section with two subsections of 4 rows of 5 seats."""
    form: dict[str, Any] = {
        "name": "Evening",
        "description": "",
        "venue_name": "Hall",
        "seating_config": {
            "rows": 4,
            "cols": 5,
            "sections": [{"name": "A", "price": 1500, "subsections": 2}],
        },
    }
    return {**form, **changes}


def booking_form(**changes: object) -> dict[str, Any]:
    """A valid booking of the two best seats."""
    form: dict[str, Any] = {
        "event_id": 1,
        "section": "A",
        "subsection": 1,
        "seat_selection_mode": "best_available",
        "seat_positions": [],
        "quantity": 2,
    }
    return {**form, **changes}
