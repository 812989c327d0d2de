"""Brings a database to the newest schema."""

import time
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
from onsale.platform.message_queue.backoff import Backoff

ATTEMPT_COUNT_MAX = 60
RETRY_SECONDS_FIRST, RETRY_SECONDS_MAX = 0.5, 2.0
_IN_USE = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


class TableInUseError(UnavailableError):
    """Somebody holds a lock on a table that a migration alters."""


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
    """Run every migration that is missing; several processes may do so at once, and others sell.

    Each is a transaction of its own. One that meets a lock that is held for long, or a deadlock, is
    run again.

    Raises:
        UnavailableError: the database cannot be reached or altered; what was done so far stays.
    """
    config = alembic_config(database_url)
    backoff = Backoff(first_seconds=RETRY_SECONDS_FIRST, seconds_max=RETRY_SECONDS_MAX)
    for _ in range(ATTEMPT_COUNT_MAX - 1):
        try:
            _upgrade(config, revision)
            break
        except TableInUseError:
            # Its traffic goes on for a moment before it is asked to stand still again.
            time.sleep(backoff.next_seconds())
    else:
        _upgrade(config, revision)
    # Noted by the migrations' environment, under the lock.
    return Upgrade(
        before=next(iter(config.attributes["revisions_before"]), None),
        after=next(iter(config.attributes["revisions_after"]), None),
    )


def _upgrade(config: Config, revision: str) -> None:
    try:
        command.upgrade(config, revision)
    except (*CONNECTION_ERRORS, asyncpg.InsufficientPrivilegeError, DBAPIError) as error:
        if comes_from_connection_loss(error):
            raise UnavailableError("postgresql", connection_trouble(error)) from error
        if cause_among(error, _IN_USE) is not None:
            raise TableInUseError("postgresql", "a table is in use for too long") from error
        refusal = cause_among(error, (asyncpg.InsufficientPrivilegeError,))
        if refusal is None:
            raise
        detail = f"{refusal}; make the role in ONSALE_DATABASE_URL the database's owner"
        raise UnavailableError("postgresql", detail) from error
