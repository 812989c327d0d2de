"""Models and migrations agree, and every migration can be walked up and down."""

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


async def test_the_tables_of_the_specification_are_there(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    await connection.close()
    assert {"user", "event", "ticket", "booking", "booking_ticket"} <= {row[0] for row in rows}
