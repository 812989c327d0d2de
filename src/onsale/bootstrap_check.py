"""The composition root's part for ``onsale config check``: can everything be reached?"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from onsale.bootstrap import open_message_bus
from onsale.platform.database.connections import (
    create_pool,
    unavailable_on_connection_loss,
)
from onsale.platform.database.migrate import outgrown_revisions
from onsale.platform.database.schema_check import SchemaCheck
from onsale.platform.exceptions import UnavailableError
from onsale.platform.state.redis_clients import create_client
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.settings import ProcessSettings, Settings

CHECK_SECONDS_MAX = 10.0
CONNECTION_COUNT_MAX = 2


async def check_all(settings: ProcessSettings) -> AsyncIterator[tuple[str, Exception | None]]:
    """Each thing that a process with these settings needs, and what is wrong with it."""
    checks: dict[str, Callable[[], Awaitable[None]]] = {
        "postgresql": lambda: _check_database(settings)
    }
    if isinstance(settings, Settings):
        checks["seat-store"] = lambda: _check_seat_store(settings)
        checks["message-bus"] = lambda: _check_message_bus(settings)
    for name, check in checks.items():
        yield name, await _fault_of(name, check)


async def _fault_of(name: str, check: Callable[[], Awaitable[None]]) -> Exception | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            await check()
    except TimeoutError:
        return UnavailableError(name, f"no answer within {CHECK_SECONDS_MAX:.0f} s")
    except Exception as error:  # noqa: BLE001 - whatever it is, that thing cannot be used
        return error
    return None


async def _check_database(settings: ProcessSettings) -> None:
    pool = await create_pool(settings.database_url, size_max=CONNECTION_COUNT_MAX)
    try:
        async with unavailable_on_connection_loss():
            await pool.fetchval("SELECT 1")
        await SchemaCheck(pool, outgrown_revisions())()
    finally:
        await pool.close()


async def _check_seat_store(settings: Settings) -> None:
    async with create_client(settings.seat_store_url) as redis:
        await RedisSeatStore(redis).check()


async def _check_message_bus(settings: Settings) -> None:
    async with open_message_bus(settings) as (bus, _):
        await bus.check()
