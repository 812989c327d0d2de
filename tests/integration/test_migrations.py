"""Models and migrations agree, and every migration can be walked up and down."""

import asyncio

import asyncpg
import pytest
from alembic import command

from onsale.platform.database.migrate import alembic_config, upgrade

pytestmark = pytest.mark.migrations


def test_models_and_migrations_agree(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    command.check(alembic_config(empty_database_url))


def test_migrations_go_down_and_up_again(empty_database_url: str) -> None:
    config = alembic_config(empty_database_url)
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


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
