"""Puts the pipeline together on given stores, as the composition root does with the roles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import monotonic

from uuid_utils.compat import uuid7

from onsale.platform.database.connections import create_pool, create_read_engine
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.state.redis_clients import create_client, create_subscriber
from onsale.service.seat_reservation.app.command.install_event_seats_use_case import (
    InstallEventSeatsUseCase,
)
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.service.ticketing.app.command.admit_ticket_use_case import AdmitTicketUseCase
from onsale.service.ticketing.app.command.apply_seat_results_use_case import ApplySeatResultsUseCase
from onsale.service.ticketing.app.command.cancel_event_use_case import CancelEventUseCase
from onsale.service.ticketing.app.command.create_booking_use_case import CreateBookingUseCase
from onsale.service.ticketing.app.command.create_event_and_tickets_use_case import (
    CreateEventAndTicketsUseCase,
)
from onsale.service.ticketing.app.command.end_cancelled_events_use_case import (
    EndCancelledEventsUseCase,
)
from onsale.service.ticketing.app.command.find_stray_payments_use_case import (
    FindStrayPaymentsUseCase,
)
from onsale.service.ticketing.app.command.load_event_seats_use_case import LoadEventSeatsUseCase
from onsale.service.ticketing.app.command.mock_payment_and_update_status_to_completed_use_case import (  # noqa: E501
    MockPaymentAndUpdateStatusToCompletedUseCase,
)
from onsale.service.ticketing.app.command.rebuild_event_seats_use_case import (
    RebuildEventSeatsUseCase,
)
from onsale.service.ticketing.app.command.refund_payments_use_case import RefundPaymentsUseCase
from onsale.service.ticketing.app.command.release_expired_holds_use_case import (
    ReleaseExpiredHoldsUseCase,
)
from onsale.service.ticketing.app.command.repair_event_use_case import RepairEventUseCase
from onsale.service.ticketing.app.command.resend_owed_commands_use_case import (
    ResendOwedCommandsUseCase,
)
from onsale.service.ticketing.app.command.set_seats_blocked_use_case import SetSeatsBlockedUseCase
from onsale.service.ticketing.app.command.settle_payments_use_case import SettlePaymentsUseCase
from onsale.service.ticketing.app.command.update_booking_status_to_cancelled_use_case import (
    UpdateBookingStatusToCancelledUseCase,
)
from onsale.service.ticketing.app.interface.i_payment_gateway import GatewayPayment
from onsale.service.ticketing.app.query.verify_event_use_case import VerifyEventUseCase
from onsale.service.ticketing.app.service.event_catalog import EventCatalog
from onsale.service.ticketing.app.service.payment_ledger import PaymentLedger
from onsale.service.ticketing.app.service.seat_memory import SeatMemory
from onsale.service.ticketing.driven_adapter.kafka_producer.seat_command_publisher import (
    SeatCommandPublisher,
)
from onsale.service.ticketing.driven_adapter.live.redis_live_notices import RedisLiveNotices
from onsale.service.ticketing.driven_adapter.payment.mock_payment_gateway import MockPaymentGateway
from onsale.service.ticketing.driven_adapter.repository.asyncpg_booking_intake import (
    AsyncpgBookingIntake,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_event_writer import (
    AsyncpgEventWriter,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ledger_audit import (
    AsyncpgLedgerAudit,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_sales_reader import (
    AsyncpgSalesReader,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ticketing_unit_of_work import (
    AsyncpgTicketingUnitOfWork,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_upkeep import AsyncpgUpkeep
from onsale.service.ticketing.driven_adapter.repository.asyncpg_user_repository import (
    AsyncpgUserRepository,
)
from onsale.service.ticketing.driven_adapter.repository.sqlalchemy_booking_reader import (
    SqlalchemyBookingReader,
)
from onsale.service.ticketing.driven_adapter.repository.sqlalchemy_event_reader import (
    SqlalchemyEventReader,
)
from onsale.service.ticketing.driven_adapter.security.hmac_ticket_codes import HmacTicketCodes
from onsale.service.ticketing.driven_adapter.security.payment_digest import PaymentDigest
from tests.support.pipeline import Pipeline, Postbag, raise_error
from tests.support.tasks import background


@asynccontextmanager
async def pipeline_on(database_url: str, redis_url: str) -> AsyncIterator[Pipeline]:
    """The pipeline on these stores; its background tasks run until the end."""
    pool = await create_pool(database_url, size_max=10)
    engine = create_read_engine(database_url, size_max=3)
    client, subscriber = create_client(redis_url), create_subscriber(redis_url)
    store, postbag, topics = RedisSeatStore(client), Postbag(), KafkaTopicBuilder("test")
    users, events = AsyncpgUserRepository(pool), SqlalchemyEventReader(engine)
    bookings, intake = SqlalchemyBookingReader(engine), AsyncpgBookingIntake(pool)
    unit_of_work = AsyncpgTicketingUnitOfWork(pool)
    publisher = SeatCommandPublisher(postbag, topics, raise_error)
    notices = RedisLiveNotices(client, subscriber, raise_error)
    catalog, seat_memory = EventCatalog(events, monotonic), SeatMemory(store, monotonic)
    gateway, upkeep = MockPaymentGateway(pool), AsyncpgUpkeep(pool, store)
    ledger = PaymentLedger(unit_of_work, publisher, notices)
    load = LoadEventSeatsUseCase(unit_of_work, InstallEventSeatsUseCase(store), notices)
    audit, event_writer = AsyncpgLedgerAudit(pool), AsyncpgEventWriter(pool)
    told: list[GatewayPayment] = []
    verify = VerifyEventUseCase(audit, store, store, lambda: datetime.now(UTC))
    pipeline = Pipeline(
        pool=pool,
        store=store,
        redis=client,
        postbag=postbag,
        publisher=publisher,
        users=users,
        events=events,
        bookings=bookings,
        intake=intake,
        unit_of_work=unit_of_work,
        upkeep=upkeep,
        catalog=catalog,
        seat_memory=seat_memory,
        gateway=gateway,
        create_event=CreateEventAndTicketsUseCase(event_writer),
        create_booking=CreateBookingUseCase(
            catalog, seat_memory, intake, publisher, uuid7, lambda: datetime.now(UTC)
        ),
        apply_results=ApplySeatResultsUseCase(unit_of_work, notices, lambda _events: None),
        load=load,
        cancel_event=CancelEventUseCase(events, event_writer, catalog, notices),
        end_cancelled_events=EndCancelledEventsUseCase(upkeep, unit_of_work, publisher, notices),
        set_seats_blocked=SetSeatsBlockedUseCase(events, unit_of_work, catalog),
        sales=AsyncpgSalesReader(pool),
        cancel=UpdateBookingStatusToCancelledUseCase(bookings, unit_of_work, publisher, notices),
        pay=MockPaymentAndUpdateStatusToCompletedUseCase(
            bookings, unit_of_work, gateway, ledger, uuid7, PaymentDigest(b"a test's secret")
        ),
        admit=AdmitTicketUseCase(catalog, HmacTicketCodes(b"a test's secret"), unit_of_work),
        payment_ledger=ledger,
        expire=ReleaseExpiredHoldsUseCase(unit_of_work, publisher, notices),
        resend=ResendOwedCommandsUseCase(unit_of_work, publisher),
        settle_payments=SettlePaymentsUseCase(upkeep, gateway, ledger),
        refund_payments=RefundPaymentsUseCase(unit_of_work, gateway),
        find_stray_payments=FindStrayPaymentsUseCase(unit_of_work, gateway, told.append),
        verify=verify,
        rebuild=RebuildEventSeatsUseCase(audit, load),
        repair=RepairEventUseCase(verify, load, unit_of_work),
        told_payments=told,
    )
    try:
        async with background(intake.run()):
            yield pipeline
    finally:
        await client.aclose()
        await subscriber.aclose()
        await engine.dispose()
        await pool.close()
