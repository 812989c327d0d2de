"""Brings a database to the newest schema."""

from dataclasses import dataclass
from importlib.resources import files

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from onsale.platform.database.connections import (
    CONNECTION_ERRORS,
    cause_among,
    comes_from_connection_loss,
    connection_trouble,
)
from onsale.platform.exceptions import UnavailableError


def alembic_config(database_url: str) -> Config:
    """The Alembic configuration for ``database_url`` (``postgresql://…``)."""
    config = Config()
    config.set_main_option("script_location", str(files("onsale") / "migrations"))
    config.attributes["database_url"] = database_url
    return config


def outgrown_revisions() -> frozenset[str]:
    """Every revision before the newest."""
    scripts = ScriptDirectory(str(files("onsale") / "migrations"))
    known = {script.revision for script in scripts.walk_revisions()}
    return frozenset(known.difference(scripts.get_heads()))


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The revision that the schema had and the one that it has; ``None`` for no schema."""

    before: str | None
    after: str | None


def upgrade(database_url: str, revision: str = "head") -> Upgrade:
    """Run every migration that is missing; several processes may do so at once.

    Raises:
        UnavailableError: the database cannot be reached or altered; nothing was changed.
    """
    config = alembic_config(database_url)
    try:
        command.upgrade(config, revision)
    except (*CONNECTION_ERRORS, asyncpg.InsufficientPrivilegeError, DBAPIError) as error:
        if comes_from_connection_loss(error):
            raise UnavailableError("postgresql", connection_trouble(error)) from error
        refusal = cause_among(error, (asyncpg.InsufficientPrivilegeError,))
        if refusal is None:
            raise
        detail = f"{refusal}; make the role in ONSALE_DATABASE_URL the database's owner"
        raise UnavailableError("postgresql", detail) from error
    # Noted by the migrations' environment, under the lock.
    return Upgrade(
        before=next(iter(config.attributes["revisions_before"]), None),
        after=next(iter(config.attributes["revisions_after"]), None),
    )
