"""Which failures of the database mean that it is away, and which that we are wrong."""

import asyncpg
import pytest
import sqlalchemy.exc

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.exceptions import UnavailableError


def wrapped(cause: Exception) -> sqlalchemy.exc.DBAPIError:
    """The error as SQLAlchemy hands it on: the driver's stands two causes away."""
    adapted = Exception(str(cause))
    adapted.__cause__ = cause
    error = sqlalchemy.exc.DBAPIError("SELECT 1", None, adapted)
    error.__cause__ = adapted
    return error


AWAY = [
    ConnectionRefusedError("refused"),
    TimeoutError("too slow"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.AdminShutdownError("terminating connection"),
]
# The server is there, and a person has to do something before anybody is let in.
TO_BE_MENDED = [
    (asyncpg.InvalidCatalogNameError('database "x" does not exist'), "CREATE DATABASE"),
    (asyncpg.InvalidPasswordError("authentication failed"), "password in ONSALE_DATABASE_URL"),
    (asyncpg.InvalidAuthorizationSpecificationError('role "x" does not exist'), "create the role"),
]


@pytest.mark.parametrize("error", [*AWAY, *map(wrapped, AWAY), sqlalchemy.exc.TimeoutError("full")])
async def test_a_database_that_is_away_is_unavailable(error: Exception) -> None:
    with pytest.raises(UnavailableError):
        async with unavailable_on_connection_loss():
            raise error


@pytest.mark.parametrize(
    "error",
    [asyncpg.UndefinedTableError("no such table"), wrapped(asyncpg.UniqueViolationError("twice"))],
)
async def test_a_mistake_of_ours_is_no_outage(error: Exception) -> None:
    with pytest.raises(type(error)):
        async with unavailable_on_connection_loss():
            raise error


@pytest.mark.parametrize(
    ("error", "said"), [*TO_BE_MENDED, *((wrapped(error), said) for error, said in TO_BE_MENDED)]
)
async def test_a_database_that_lets_nobody_in_is_unavailable_until_it_is_mended(
    error: Exception, said: str
) -> None:
    with pytest.raises(UnavailableError, match=said):
        async with unavailable_on_connection_loss():
            raise error
