"""Says that a schema is behind, once and with the next step, instead of all that comes of it."""

import asyncio
from collections.abc import Callable

import structlog

from onsale.platform.database.schema_check import SchemaCheck
from onsale.platform.exceptions import SchemaBehindError, UnavailableError

LOOK_SECONDS = 2.0


class SchemaWatch:
    """Looks until the schema is one to work with; hears of faults meanwhile (``on_error``)."""

    def __init__(self, check: SchemaCheck, on_error: Callable[[Exception], None]) -> None:
        self._check = check
        self._on_error = on_error
        self._is_behind = False
        self._log = structlog.stdlib.get_logger(__name__)

    def __call__(self, error: Exception) -> None:
        """Tell of a fault, unless it may come of a schema that is behind: tables are not there."""
        if not self._is_behind or isinstance(error, UnavailableError):
            self._on_error(error)

    async def look(self) -> bool:
        """Whether it is known not to be behind; the first time that it is, say so."""
        try:
            await self._check()
        except SchemaBehindError as error:
            if not self._is_behind:
                self._log.warning("schema_behind", error=str(error))
            self._is_behind = True
        except Exception as error:  # noqa: BLE001 - reported; what is away is looked at again
            self._on_error(error)
        else:
            self._is_behind = False
        return self._check.is_good

    async def run(self) -> None:
        """Look until it is good, then wait for ever."""
        while not await self.look():  # noqa: ASYNC110 - it is changed by another process
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.Event().wait()
