"""The composition root's other half: the API with everything that it serves."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from time import monotonic

import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override
from uuid_utils.compat import uuid7

from onsale.bootstrap import (
    Connections,
    background,
    connect,
    payment_gateway,
    survived,
    utc_now,
)
from onsale.platform.database.connections import check_database, create_read_engine
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.service.ticketing.app.command.create_booking_use_case import CreateBookingUseCase
from onsale.service.ticketing.app.command.create_event_and_tickets_use_case import (
    CreateEventAndTicketsUseCase,
)
from onsale.service.ticketing.app.command.log_in_use_case import LogInUseCase
from onsale.service.ticketing.app.command.log_out_use_case import LogOutUseCase
from onsale.service.ticketing.app.command.mock_payment_and_update_status_to_completed_use_case import (
    MockPaymentAndUpdateStatusToCompletedUseCase,
)
from onsale.service.ticketing.app.command.register_user_use_case import RegisterUserUseCase
from onsale.service.ticketing.app.command.update_booking_status_to_cancelled_use_case import (
    UpdateBookingStatusToCancelledUseCase,
)
from onsale.service.ticketing.app.command.update_event_use_case import UpdateEventUseCase
from onsale.service.ticketing.app.query.get_booking_use_case import GetBookingUseCase
from onsale.service.ticketing.app.query.get_current_user_use_case import GetCurrentUserUseCase
from onsale.service.ticketing.app.query.get_event_use_case import GetEventUseCase
from onsale.service.ticketing.app.query.get_seat_map_use_case import GetSeatMapUseCase
from onsale.service.ticketing.app.query.list_bookings_use_case import ListBookingsUseCase
from onsale.service.ticketing.app.query.list_events_use_case import ListEventsUseCase
from onsale.service.ticketing.app.query.read_live_bookings_use_case import ReadLiveBookingsUseCase
from onsale.service.ticketing.app.query.read_live_events_use_case import ReadLiveEventsUseCase
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.live_feed import (
    EVENT_INTERVAL_SECONDS,
    LiveFeed,
    LiveTopics,
)
from onsale.service.ticketing.app.service.payment_ledger import PaymentLedger
from onsale.service.ticketing.app.service.seat_count_reader import SeatCountReader
from onsale.service.ticketing.app.service.seat_memory import SeatMemory
from onsale.service.ticketing.driven_adapter.kafka_producer.seat_command_publisher import (
    SeatCommandPublisher,
)
from onsale.service.ticketing.driven_adapter.live.redis_live_notices import RedisLiveNotices
from onsale.service.ticketing.driven_adapter.repository.asyncpg_booking_intake import (
    AsyncpgBookingIntake,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_event_writer import (
    AsyncpgEventWriter,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ticketing_unit_of_work import (
    AsyncpgTicketingUnitOfWork,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_user_repository import (
    AsyncpgUserRepository,
)
from onsale.service.ticketing.driven_adapter.repository.sqlalchemy_booking_reader import (
    SqlalchemyBookingReader,
)
from onsale.service.ticketing.driven_adapter.repository.sqlalchemy_event_reader import (
    SqlalchemyEventReader,
)
from onsale.service.ticketing.driven_adapter.security.bcrypt_password_hasher import (
    BcryptPasswordHasher,
)
from onsale.service.ticketing.driven_adapter.security.jwt_token_service import JwtTokenService
from onsale.service.ticketing.driven_adapter.security.payment_digest import PaymentDigest
from onsale.service.ticketing.driving_adapter.http_controller.app import create_app
from onsale.service.ticketing.driving_adapter.http_controller.http_protocol import (
    ProblemHttpProtocol,
)
from onsale.service.ticketing.driving_adapter.http_controller.http_services import HttpServices
from onsale.service.ticketing.driving_adapter.http_controller.live_views import (
    booking_reader,
    event_reader,
)
from onsale.settings import MissingSettingError, Settings

DRAIN_SECONDS_MAX = 10
BOOKING_INTERVAL_SECONDS = 0.02


async def run_api(settings: Settings, stop: asyncio.Event) -> None:
    """Serve HTTP until ``stop`` is set, then answer what was accepted."""
    if settings.token_secret is None:
        raise MissingSettingError("ONSALE_TOKEN_SECRET", "the API signs session tokens with it")
    async with connect(settings) as connected:
        engine = create_read_engine(settings.database_url, size_max=settings.database_pool)
        hasher = BcryptPasswordHasher(rounds=settings.bcrypt_rounds)
        try:
            parts = _api_parts(settings, settings.token_secret, connected, engine, hasher)
            async with background(*parts.background):
                await _serve(create_app(parts.services), settings, parts.services.shutdown, stop)
                await parts.commands.drain()
        finally:
            hasher.close()
            await engine.dispose()


@dataclass(frozen=True, slots=True)
class _ApiParts:
    services: HttpServices
    commands: SeatCommandPublisher
    background: tuple[Coroutine[object, object, None], ...]


def _api_parts(
    settings: Settings,
    token_secret: SecretStr,
    connected: Connections,
    engine: AsyncEngine,
    hasher: BcryptPasswordHasher,
) -> _ApiParts:
    pool = connected.pool
    users, store = AsyncpgUserRepository(pool), RedisSeatStore(connected.redis)
    events, bookings = SqlalchemyEventReader(engine), SqlalchemyBookingReader(engine)
    event_writer, unit_of_work = AsyncpgEventWriter(pool), AsyncpgTicketingUnitOfWork(pool)
    intake = AsyncpgBookingIntake(pool, batch_count_max=settings.intake_batch_count_max)
    commands = SeatCommandPublisher(connected.bus, connected.topics, survived)
    notices = RedisLiveNotices(connected.redis, connected.subscriber, survived)
    catalog, seat_memory = EventCatalog(events, monotonic), SeatMemory(store, monotonic)
    tokens = JwtTokenService(
        token_secret.get_secret_value().encode(),
        users,
        lifetime=timedelta(hours=settings.token_hours),
        now=utc_now,
        monotonic=monotonic,
        new_id=uuid7,
    )
    get_event = GetEventUseCase(catalog, SeatCountReader(store, events))
    live_bookings = LiveTopics(
        booking_reader(ReadLiveBookingsUseCase(bookings).execute), BOOKING_INTERVAL_SECONDS
    )
    live_events = LiveTopics(
        event_reader(ReadLiveEventsUseCase(get_event).execute), EVENT_INTERVAL_SECONDS
    )
    feed = LiveFeed(notices, live_bookings, live_events, catalog.forget, survived)
    services = HttpServices(
        tokens=tokens,
        register_user=RegisterUserUseCase(users, hasher),
        log_in=LogInUseCase(users, hasher, tokens),
        log_out=LogOutUseCase(users, tokens),
        get_current_user=GetCurrentUserUseCase(users),
        create_event=CreateEventAndTicketsUseCase(event_writer),
        update_event=UpdateEventUseCase(events, event_writer, catalog, notices),
        list_events=ListEventsUseCase(events),
        get_event=get_event,
        get_seat_map=GetSeatMapUseCase(catalog, store, events),
        create_booking=CreateBookingUseCase(catalog, seat_memory, intake, commands, uuid7, utc_now),
        pay_booking=MockPaymentAndUpdateStatusToCompletedUseCase(
            bookings,
            unit_of_work,
            payment_gateway(pool),
            PaymentLedger(unit_of_work, commands, notices),
            uuid7,
            PaymentDigest(token_secret.get_secret_value().encode()),
        ),
        cancel_booking=UpdateBookingStatusToCancelledUseCase(
            bookings, unit_of_work, commands, notices
        ),
        get_booking=GetBookingUseCase(bookings, catalog),
        list_bookings=ListBookingsUseCase(bookings),
        live_bookings=live_bookings,
        live_events=live_events,
        readiness={
            "postgresql": lambda: check_database(pool),
            "seat-store": store.check,
            "message-bus": connected.bus.check,
        },
        metrics=CollectorRegistry(),
        shutdown=asyncio.Event(),
        monotonic=monotonic,
        version=version("onsale"),
    )
    return _ApiParts(
        services,
        commands,
        (
            intake.run(),
            commands.run(),
            tokens.run(survived),
            seat_memory.run(survived),
            feed.run(),
        ),
    )


async def _serve(
    app: FastAPI, settings: Settings, shutdown: asyncio.Event, stop: asyncio.Event
) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            http=ProblemHttpProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_SECONDS_MAX,
        )
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    shutdown.set()
    server.should_exit = True
    await serving


class _Server(uvicorn.Server):
    """Uvicorn, but for its signal handlers: the role's own tell it when to stop."""

    @contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        yield
