"""What this process knows of tokens that were given up and of accounts that were closed."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_user_repository import IRevocations
from onsale.service.ticketing.domain.entity.user_entity import Principal

POLL_SECONDS = 2.0
# Knowledge older than this is no knowledge: it is what a log-out promises.
FRESH_SECONDS = 5.0
READ_SECONDS_MAX = 1.5
# Covers transactions that commit after a later one was read, and clocks that disagree.
OVERLAP = timedelta(seconds=60)
# Whatever an overlap might miss is found by reading everything now and then.
FULL_READ_SECONDS = 300.0


class RevokedTokens:
    """Read incrementally in the background; read in line when that has fallen behind."""

    def __init__(
        self,
        revocations: IRevocations,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        """``monotonic`` is a clock in seconds that never goes back."""
        self._revocations = revocations
        self._now = now
        self._monotonic = monotonic
        self._expiries: dict[str, datetime] = {}
        self._closed_accounts: frozenset[int] = frozenset()
        self._read_at = float("-inf")
        self._read_fully_at = float("-inf")
        self._read_since: datetime | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[Principal, set[asyncio.Event]] = {}

    def includes(self, principal: Principal) -> bool:
        """Whether the token was given up or its account closed, as far as is known."""
        return principal.token_id in self._expiries or principal.user_id in self._closed_accounts

    async def inclusion_of(self, principal: Principal) -> None:
        """Return once :meth:`includes` is true of the principal, as soon as that is read."""
        included = asyncio.Event()
        waiting = self._waiting.setdefault(principal, set())
        waiting.add(included)
        try:
            if not self.includes(principal):
                await included.wait()
        finally:
            waiting.remove(included)
            if not waiting:
                self._waiting.pop(principal, None)

    async def be_current(self) -> None:
        """Return at once while knowledge is fresh; else read, once for all who wait.

        Raises:
            UnavailableError: it cannot be read.
        """
        if self._monotonic() - self._read_at > FRESH_SECONDS:
            await self._read_once()

    async def run(self, on_error: Callable[[Exception], None]) -> None:
        """Poll until cancelled; a poll that fails is reported, and knowledge ages."""
        while True:
            try:
                await self._read_once()
            except Exception as error:  # noqa: BLE001 - reported; too old knowledge lets nobody in
                on_error(error)
            await asyncio.sleep(POLL_SECONDS)

    async def _read_once(self) -> None:
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(self._reading_ended)
        await asyncio.shield(self._reading)

    def _reading_ended(self, task: asyncio.Task[None]) -> None:
        self._reading = None
        if not task.cancelled():
            task.exception()  # whoever awaits the task gets it; asked here so it is never unseen

    async def _read(self) -> None:
        began_at, began = self._monotonic(), self._now()
        fully = began_at - self._read_fully_at > FULL_READ_SECONDS
        since = None if fully else self._read_since
        try:
            async with asyncio.timeout(READ_SECONDS_MAX):
                given_up = await self._revocations.revoked_since(since)
                closed_accounts = await self._revocations.deactivated_users()
        except TimeoutError:
            raise UnavailableError("postgresql", "no answer in time") from None
        if since is None:
            self._expiries = {
                token_id: expiry for token_id, expiry in self._expiries.items() if expiry > began
            }
            self._read_fully_at = began_at
        self._expiries.update(given_up)
        self._closed_accounts = closed_accounts
        self._read_since = began - OVERLAP
        self._read_at = began_at
        for principal, waiting in self._waiting.items():
            if self.includes(principal):
                for included in waiting:
                    included.set()
