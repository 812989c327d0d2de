"""Models and migrations agree, and every migration can be walked up and down."""

import asyncio

import asyncpg
import pytest
from alembic import command

from onsale.platform.database import migrate
from onsale.platform.database.migrate import alembic_config, outgrown_revisions, upgrade

pytestmark = pytest.mark.migrations

NEWEST = f"{int(max(outgrown_revisions())) + 1:04}"
WAIT_SECONDS_MAX = 60
_WHO_WAITS = """
SELECT application_name FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def test_models_and_migrations_agree(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    command.check(alembic_config(empty_database_url))


def test_migrations_go_down_and_up_again(empty_database_url: str) -> None:
    config = alembic_config(empty_database_url)
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


@pytest.mark.parametrize(
    ("held", "then"),
    [("event", "ticket"), ("booking", "event")],
    ids=["altered by two migrations", "altered by one"],
)
async def test_whoever_sells_meanwhile_meets_no_deadlock(
    empty_database_url: str, held: str, then: str
) -> None:
    """0005 alters tickets, 0006 events and then bookings; a sale takes them the other way round."""
    await asyncio.to_thread(upgrade, empty_database_url, "0004")
    seller = await asyncpg.connect(empty_database_url)
    sale = seller.transaction()
    await sale.start()
    await seller.fetch(f"SELECT FROM {held} FOR SHARE")
    upgrading = asyncio.create_task(asyncio.to_thread(upgrade, empty_database_url))
    await _until_somebody_waits_for(seller, held)
    # What is done is done, and its tables are free.
    assert await seller.fetchval("SELECT version_num FROM alembic_version") == "0005"
    await seller.fetch(f"SELECT FROM {then} FOR SHARE")
    await sale.commit()
    done = await upgrading
    assert (done.before, done.after) == ("0004", NEWEST)
    met = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert await seller.fetchval(met) == 0
    await seller.close()


async def test_a_migration_waits_for_its_lock_again_and_again(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "RETRY_SECONDS_FIRST", 0.01)
    monkeypatch.setattr(migrate, "ATTEMPT_COUNT_MAX", 1)
    await asyncio.to_thread(upgrade, empty_database_url, "0004")
    seller = await asyncpg.connect(empty_database_url)
    sale = seller.transaction()
    await sale.start()
    await seller.fetch("SELECT FROM ticket FOR SHARE")
    with pytest.raises(migrate.TableInUseError):
        await asyncio.to_thread(upgrade, empty_database_url)
    monkeypatch.setattr(migrate, "ATTEMPT_COUNT_MAX", 60)
    upgrading = asyncio.create_task(asyncio.to_thread(upgrade, empty_database_url))
    # The first attempt begins, gives up, and lets the traffic pass; then there is a second.
    for is_waited_for in (True, False, True):
        await _until_somebody_waits_for(seller, "ticket", wanted=is_waited_for)
    assert await seller.fetchval(_WHO_WAITS) == "onsale-migrate"
    await sale.commit()
    await seller.close()
    assert (await upgrading).after == NEWEST


async def _until_somebody_waits_for(
    connection: asyncpg.Connection, table: str, *, wanted: bool = True
) -> None:
    waits = (
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = $1::text::regclass)"
    )
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while await connection.fetchval(waits, table) is not wanted:  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.01)


async def test_every_table_is_there(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    await connection.close()
    assert {"user", "event", "ticket", "booking", "booking_ticket"} <= {row[0] for row in rows}


def test_the_books_of_the_mock_gateway_are_kept_when_they_change_their_form(
    empty_database_url: str,
) -> None:
    config = alembic_config(empty_database_url)
    command.upgrade(config, "0001")
    before = [("pay_1", None), (None, "card_declined"), (None, "never_charged")]
    asyncio.run(_enter_charges(empty_database_url, before))
    command.upgrade(config, "0002")
    states = "SELECT state, payment_id FROM mock_gateway_charge ORDER BY state"
    assert asyncio.run(_rows(empty_database_url, states)) == [
        ("captured", "pay_1"),
        ("declined", None),
        ("voided", None),
    ]
    taken = "SELECT payment_id FROM mock_gateway_payment"
    assert asyncio.run(_rows(empty_database_url, taken)) == [("pay_1",)]
    command.downgrade(config, "0001")
    after = "SELECT payment_id, decline_reason FROM mock_gateway_charge"
    assert set(asyncio.run(_rows(empty_database_url, after))) == set(before)


async def _enter_charges(url: str, charges: list[tuple[str | None, str | None]]) -> None:
    connection = await asyncpg.connect(url)
    await connection.executemany(
        "INSERT INTO mock_gateway_charge (key, payment_id, decline_reason)"
        " VALUES (gen_random_uuid(), $1, $2)",
        charges,
    )
    await connection.close()


async def _rows(url: str, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    rows = [tuple(row) for row in await connection.fetch(query)]
    await connection.close()
    return rows
