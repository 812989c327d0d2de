"""Knows whether the code can work with the schema that the database has."""

import asyncio
from collections.abc import Collection

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.exceptions import SchemaBehindError, UnavailableError

ANSWER_SECONDS_MAX = 1.0
_REVISIONS = "SELECT version_num FROM alembic_version"


class SchemaCheck:
    """Asks until the schema is one to work with, and never again after.

    A revision that is not known was made by newer code, which is rolled out while this one runs:
    its migrations leave older code working.
    """

    def __init__(self, pool: asyncpg.Pool, outgrown: Collection[str]) -> None:
        """``outgrown`` are the revisions that are too old."""
        self._pool = pool
        self._outgrown = outgrown
        self._is_good = False

    @property
    def is_good(self) -> bool:
        """Whether it was seen to be one to work with."""
        return self._is_good

    async def __call__(self) -> None:
        """Return if it is, and if the database does not tell: that it is away is for others to say.

        Raises:
            SchemaBehindError: it has no schema, or an older one.
        """
        if self._is_good:
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX), unavailable_on_connection_loss():
                found = {row["version_num"] for row in await self._pool.fetch(_REVISIONS)}
        except asyncpg.UndefinedTableError:
            found = set()
        except (UnavailableError, TimeoutError, asyncpg.InsufficientPrivilegeError):
            return
        if found.issubset(self._outgrown):
            raise SchemaBehindError
        self._is_good = True
