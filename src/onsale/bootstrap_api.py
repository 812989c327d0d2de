"""The composition root's other half: the API with everything that it serves."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from time import monotonic

from fastapi import FastAPI
from uuid_utils.compat import uuid7

from onsale.bootstrap import background, payment_gateway, tell_ready, utc_now
from onsale.bootstrap_api_stores import ApiStores, open_api_stores
from onsale.bootstrap_telemetry import Telemetry, open_telemetry
from onsale.bootstrap_webhooks import webhook_services
from onsale.platform.database.schema_watch import SchemaWatch
from onsale.platform.http_server import ServerOptions, listen, serve
from onsale.platform.observability.fault_log import FaultLog
from onsale.platform.observability.loop_lag import LoopLag, watch_loop
from onsale.platform.rate_limiting.spending_exchange import SpendingExchange
from onsale.platform.rate_limiting.token_buckets import Limit
from onsale.service.ticketing.app.command.admit_ticket_use_case import AdmitTicketUseCase
from onsale.service.ticketing.app.command.cancel_event_use_case import CancelEventUseCase
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
from onsale.service.ticketing.app.command.set_seats_blocked_use_case import (
    SetSeatsBlockedUseCase,
)
from onsale.service.ticketing.app.command.update_booking_status_to_cancelled_use_case import (
    UpdateBookingStatusToCancelledUseCase,
)
from onsale.service.ticketing.app.command.update_event_use_case import UpdateEventUseCase
from onsale.service.ticketing.app.command.withdraw_unacknowledged_bookings_use_case import (
    WithdrawUnacknowledgedBookingsUseCase,
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
from onsale.service.ticketing.app.service.live_feed import (
    EVENT_INTERVAL_SECONDS,
    LiveFeed,
    LiveTopics,
)
from onsale.service.ticketing.app.service.payment_ledger import PaymentLedger
from onsale.service.ticketing.app.service.seat_count_reader import SeatCountReader
from onsale.service.ticketing.app.service.seat_memory import SeatMemory
from onsale.service.ticketing.domain.webhook_address import read_networks
from onsale.service.ticketing.driven_adapter.kafka_producer.seat_command_publisher import (
    SeatCommandPublisher,
)
from onsale.service.ticketing.driven_adapter.live.redis_live_notices import RedisLiveNotices
from onsale.service.ticketing.driven_adapter.metrics.intake_meter import IntakeMeter
from onsale.service.ticketing.driven_adapter.repository.asyncpg_booking_intake import (
    AsyncpgBookingIntake,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_event_writer import (
    AsyncpgEventWriter,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_sales_reader import (
    AsyncpgSalesReader,
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
from onsale.service.ticketing.driven_adapter.security.hmac_ticket_codes import HmacTicketCodes
from onsale.service.ticketing.driven_adapter.security.jwt_token_service import JwtTokenService
from onsale.service.ticketing.driven_adapter.security.payment_digest import PaymentDigest
from onsale.service.ticketing.driven_adapter.webhook.checked_addresses import CheckedAddresses
from onsale.service.ticketing.driving_adapter.background.unacknowledged_bookings import (
    UnacknowledgedBookings,
)
from onsale.service.ticketing.driving_adapter.http_controller.app import create_app
from onsale.service.ticketing.driving_adapter.http_controller.connection_guard import (
    ConnectionGuard,
)
from onsale.service.ticketing.driving_adapter.http_controller.deadline import Deadlines
from onsale.service.ticketing.driving_adapter.http_controller.http_protocol import (
    ProblemHttpProtocol,
)
from onsale.service.ticketing.driving_adapter.http_controller.http_services import HttpServices
from onsale.service.ticketing.driving_adapter.http_controller.live_views import (
    booking_reader,
    event_reader,
)
from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import (
    RateLimitRules,
    RateLimits,
)
from onsale.settings import ApiSettings, RateLimitsKind, Settings

BOOKING_INTERVAL_SECONDS = 0.02
# Of the time in which a request must be answered: for a booking's row.
INTAKE_SHARE = 0.8
# So late may the event loop be before requests are turned away at the door.
LAG_SECONDS_MAX = 1.0


async def run_api(
    settings: ApiSettings,
    stop: asyncio.Event,
    *,
    extend: Callable[[FastAPI, HttpServices], None] = lambda _app, _services: None,
) -> None:
    """Serve HTTP until ``stop`` is set, then answer what was accepted.

    ``extend`` may add to the application before it serves, as a benchmark does.
    """
    # Before anything else is opened: a taken port is said at once.
    listener = listen(settings.host, settings.port)
    hasher = BcryptPasswordHasher(rounds=settings.bcrypt_rounds)
    addresses = CheckedAddresses(read_networks(settings.webhook_allowed_networks))
    try:
        with open_telemetry(settings, "api") as telemetry:
            async with open_api_stores(settings) as stores:
                parts = _api_parts(settings, stores, telemetry, hasher, addresses)
                options = ServerOptions(
                    connection_count_max=settings.connection_count_max,
                    protocol=ProblemHttpProtocol.guarded_by(_connection_guard(settings)),
                    trusted_proxies=settings.trusted_proxies,
                )
                # Before anybody asks for its tables, and misses them.
                await parts.schema.look()
                async with background(*parts.background):
                    app = create_app(parts.services)
                    extend(app, parts.services)
                    tell_ready(bus=settings.bus.value, host=settings.host, port=settings.port)
                    await serve(app, listener, options, shutdown=parts.services.shutdown, stop=stop)
                    await parts.sender.drain()
    finally:
        hasher.close()
        addresses.close()
        listener.close()


@dataclass(frozen=True, slots=True)
class _ApiParts:
    services: HttpServices
    sender: SeatCommandPublisher
    schema: SchemaWatch
    background: tuple[Coroutine[object, object, None], ...]


def _api_parts(
    settings: ApiSettings,
    stores: ApiStores,
    telemetry: Telemetry,
    hasher: BcryptPasswordHasher,
    addresses: CheckedAddresses,
) -> _ApiParts:
    pool, secret = stores.pool, settings.token_secret.get_secret_value().encode()
    survived = SchemaWatch(stores.check_schema, FaultLog())
    users, store = AsyncpgUserRepository(pool), telemetry.seat_store(stores.redis)
    events, bookings = SqlalchemyEventReader(stores.engine), SqlalchemyBookingReader(stores.engine)
    event_writer = AsyncpgEventWriter(pool, stores.creation_pool, stores.watch)
    unit_of_work = telemetry.unit_of_work(AsyncpgTicketingUnitOfWork(pool))
    sales, intake_meter = AsyncpgSalesReader(pool), IntakeMeter(telemetry.registry)
    sender = SeatCommandPublisher(
        telemetry.command_sender(stores.bus),
        stores.topics,
        survived,
        send_count_max=settings.send_count_max,
    )
    commands = telemetry.commands(sender)
    live = RedisLiveNotices(stores.redis, stores.subscriber, survived)
    notices = telemetry.notices(live)
    unacknowledged = UnacknowledgedBookings(
        WithdrawUnacknowledgedBookingsUseCase(unit_of_work, commands, notices)
    )
    intake = AsyncpgBookingIntake(
        stores.intake_pool,
        batch_count_max=settings.intake_batch_count_max,
        wait_seconds_max=settings.answer_seconds_max * INTAKE_SHARE,
        on_unacknowledged=unacknowledged.remember,
        require_database=stores.watch.require,
        on_batch=intake_meter.batch_stored,
    )
    intake_meter.watch_queue(lambda: intake.waiting_counts)
    intake_meter.watch_outbox(lambda: sender.waiting_count)
    telemetry.pools(stores.pool_uses())
    lag, deadlines = LoopLag(), Deadlines(settings.answer_seconds_max)
    # Reads that many share end with no request: they are cut by themselves.
    stores.watch.when_stalled(deadlines.cut)
    stores.watch.when_stalled(stores.engine.cut)
    rate_limits = _rate_limits(settings, secret)
    spending = SpendingExchange(
        stores.redis,
        stores.subscriber,
        rate_limits.buckets,
        sender=secrets.token_hex(8),
        on_error=survived,
    )
    catalog, seat_memory = EventCatalog(events, monotonic), SeatMemory(store, monotonic)
    tokens = JwtTokenService(
        secret,
        users,
        lifetime=timedelta(hours=settings.token_hours),
        now=utc_now,
        monotonic=monotonic,
        new_id=uuid7,
    )
    codes = HmacTicketCodes(secret)
    get_seat_map = GetSeatMapUseCase(catalog, store, events)
    get_event = GetEventUseCase(catalog, SeatCountReader(store, events))
    live_bookings = LiveTopics(
        booking_reader(ReadLiveBookingsUseCase(bookings).execute), BOOKING_INTERVAL_SECONDS
    )
    live_events = LiveTopics(
        event_reader(ReadLiveEventsUseCase(get_event).execute), EVENT_INTERVAL_SECONDS
    )
    feed = LiveFeed(live, live_bookings, live_events, catalog.forget, survived)
    services = HttpServices(
        tokens=tokens,
        register_user=RegisterUserUseCase(users, hasher),
        log_in=LogInUseCase(users, hasher, tokens),
        log_out=LogOutUseCase(users, tokens),
        get_current_user=GetCurrentUserUseCase(users),
        create_event=CreateEventAndTicketsUseCase(event_writer),
        update_event=UpdateEventUseCase(events, event_writer, catalog, notices),
        cancel_event=CancelEventUseCase(events, event_writer, catalog, notices),
        set_seats_blocked=SetSeatsBlockedUseCase(events, unit_of_work, catalog),
        get_sales=GetSalesUseCase(catalog, sales),
        export_tickets=ExportTicketsUseCase(catalog, sales),
        list_events=ListEventsUseCase(events),
        get_event=get_event,
        get_seat_map=get_seat_map,
        get_alternatives=GetAlternativesUseCase(get_seat_map),
        create_booking=CreateBookingUseCase(
            catalog,
            seat_memory,
            telemetry.intake(intake),
            commands,
            telemetry.booking_ids(uuid7, settings.traces_per_second),
            utc_now,
        ),
        pay_booking=MockPaymentAndUpdateStatusToCompletedUseCase(
            bookings,
            unit_of_work,
            telemetry.gateway(payment_gateway(pool)),
            PaymentLedger(unit_of_work, commands, notices),
            uuid7,
            PaymentDigest(secret),
        ),
        cancel_booking=UpdateBookingStatusToCancelledUseCase(
            bookings, unit_of_work, commands, notices
        ),
        get_booking=GetBookingUseCase(bookings, catalog, codes),
        get_ticket_code=GetTicketCodeUseCase(bookings, codes),
        admit_ticket=AdmitTicketUseCase(catalog, codes, unit_of_work),
        list_bookings=ListBookingsUseCase(bookings),
        webhooks=webhook_services(settings, pool, addresses),
        live_bookings=live_bookings,
        live_events=live_events,
        readiness=stores.readiness(store.check),
        rate_limits=rate_limits,
        metrics=telemetry.registry,
        shutdown=asyncio.Event(),
        monotonic=monotonic,
        version=version("onsale"),
        is_overrun=lambda: lag.seconds > LAG_SECONDS_MAX,
        deadlines=deadlines,
        traces=telemetry.traces,
    )
    watch_loop(telemetry.registry, lag)
    return _ApiParts(
        services,
        sender,
        survived,
        (
            survived.run(),
            lag.run(),
            stores.watch.run(),
            stores.make_topics(),
            intake.run(),
            unacknowledged.run(survived),
            spending.run(),
            sender.run(),
            tokens.run(survived),
            catalog.run(survived),
            seat_memory.run(survived),
            feed.run(),
        ),
    )


def _connection_guard(settings: Settings) -> ConnectionGuard:
    is_limited = settings.rate_limits is RateLimitsKind.ON
    return ConnectionGuard(
        settings.connections_per_client_max if is_limited else None, settings.trusted_proxies
    )


def _rate_limits(settings: Settings, secret: bytes) -> RateLimits:
    if settings.rate_limits is RateLimitsKind.OFF:
        return RateLimits(None, monotonic, secret=secret)
    rules = RateLimitRules(
        booking_per_user=Limit.parse(settings.booking_limit_per_user),
        booking_per_client=Limit.parse(settings.booking_limit_per_client),
        payment_per_user=Limit.parse(settings.payment_limit_per_user),
        event_per_user=Limit.parse(settings.event_limit_per_user),
        seat_per_user=Limit.parse(settings.seat_limit_per_user),
        admission_per_user=Limit.parse(settings.admission_limit_per_user),
        webhook_per_user=Limit.parse(settings.webhook_limit_per_user),
        registration_per_client=Limit.parse(settings.registration_limit_per_client),
        log_in_per_client=Limit.parse(settings.log_in_limit_per_client),
        streams_per_user_max=settings.streams_per_user_max,
        streams_per_client_max=settings.streams_per_client_max,
    )
    return RateLimits(rules, monotonic, secret=secret)
