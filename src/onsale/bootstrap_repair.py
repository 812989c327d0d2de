"""The composition root's part for those who verify and repair: ledger and seat store, no broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from onsale.bootstrap import utc_now
from onsale.platform.database.connections import create_pool
from onsale.platform.database.migrate import outgrown_revisions
from onsale.platform.database.schema_check import SchemaCheck
from onsale.platform.observability.fault_log import FaultLog
from onsale.platform.state.redis_clients import create_client, create_subscriber
from onsale.service.seat_reservation.app.command.install_event_seats_use_case import (
    InstallEventSeatsUseCase,
)
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.service.ticketing.app.command.load_event_seats_use_case import LoadEventSeatsUseCase
from onsale.service.ticketing.app.command.rebuild_event_seats_use_case import (
    RebuildEventSeatsUseCase,
)
from onsale.service.ticketing.app.command.repair_event_use_case import RepairEventUseCase
from onsale.service.ticketing.app.query.verify_event_use_case import VerifyEventUseCase
from onsale.service.ticketing.driven_adapter.live.redis_live_notices import RedisLiveNotices
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ledger_audit import (
    AsyncpgLedgerAudit,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ticketing_unit_of_work import (
    AsyncpgTicketingUnitOfWork,
)
from onsale.settings import StoreSettings

CONNECTION_COUNT_MAX = 4


@dataclass(frozen=True, slots=True)
class RepairTools:
    """What ``onsale verify`` and ``onsale seats rebuild`` work with."""

    ledger: AsyncpgLedgerAudit
    verify: VerifyEventUseCase
    rebuild: RebuildEventSeatsUseCase
    repair: RepairEventUseCase


@asynccontextmanager
async def open_repair_tools(settings: StoreSettings) -> AsyncIterator[RepairTools]:
    """Connect to the ledger and the seat store; the broker is not needed.

    Raises:
        SchemaBehindError: the schema is older than this code.
    """
    pool = await create_pool(settings.database_url, size_max=CONNECTION_COUNT_MAX)
    redis = create_client(settings.seat_store_url)
    subscriber = create_subscriber(settings.seat_store_url)
    try:
        await SchemaCheck(pool, outgrown_revisions())()
        ledger, store = AsyncpgLedgerAudit(pool), RedisSeatStore(redis)
        unit_of_work = AsyncpgTicketingUnitOfWork(pool)
        notices = RedisLiveNotices(redis, subscriber, FaultLog())
        load = LoadEventSeatsUseCase(unit_of_work, InstallEventSeatsUseCase(store), notices)
        verify = VerifyEventUseCase(ledger, store, store, utc_now)
        yield RepairTools(
            ledger,
            verify,
            RebuildEventSeatsUseCase(ledger, load),
            RepairEventUseCase(verify, load, unit_of_work),
        )
    finally:
        await subscriber.aclose()
        await redis.aclose()
        await pool.close()
