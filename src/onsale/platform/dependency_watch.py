"""Knows whether a dependency answers, so that those who need it need not each find out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from onsale.platform.exceptions import UnavailableError
from onsale.platform.tasks import end

PAUSE_SECONDS = 0.25
STRIKE_COUNT = 2
"""So many time-outs in a row: one alone may be this process's own fault, when its loop was busy."""
OWN_FAULT_SHARE = 0.5

Result = TypeVar("Result")


class DependencyWatch:
    """Asks a dependency a few times a second, and says that it is away while it does not answer.

    Not a count of its users' failures: it notices a stall that nobody has run into yet, a slow
    statement is not taken for one, and it closes by itself at the first answer. A refusal is no
    stall: whoever meets one knows at once.
    """

    def __init__(
        self, name: str, ask: Callable[[], Awaitable[object]], *, answer_seconds_max: float
    ) -> None:
        """``ask`` is given ``answer_seconds_max`` and is to leave nothing behind when cancelled."""
        self._name = name
        self._ask = ask
        self._answer_seconds_max = answer_seconds_max
        self._strikes = 0
        self._stalled = asyncio.Event()
        self._on_stall: list[Callable[[], None]] = []
        self._log = structlog.stdlib.get_logger(__name__)

    def when_stalled(self, call: Callable[[], None]) -> None:
        """``call`` this once whenever it begins to stand still."""
        self._on_stall.append(call)

    @property
    def is_stalled(self) -> bool:
        """Whether it stands still as far as is known."""
        return self._stalled.is_set()

    def require(self) -> None:
        """Raise ``UnavailableError`` while it stands still."""
        if self._stalled.is_set():
            raise UnavailableError(self._name, "it does not answer")

    async def unless_stalled(self, work: Awaitable[Result]) -> Result:
        """Do long work, and give it up when the dependency stands still meanwhile.

        Raises:
            UnavailableError: it was given up; whether it took effect is not known.
        """
        task = asyncio.ensure_future(work)
        stall = asyncio.create_task(self._stalled.wait())
        try:
            await asyncio.wait({task, stall}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise UnavailableError(self._name, "it does not answer")
        finally:
            await end(stall, task)

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await self.look()
            if not 0 < self._strikes < STRIKE_COUNT:
                await asyncio.sleep(PAUSE_SECONDS)

    async def look(self) -> None:
        """Ask once."""
        loop = asyncio.get_running_loop()
        given_up_at, late_by = loop.time() + self._answer_seconds_max, 0.0

        def note() -> None:
            nonlocal late_by
            late_by = loop.time() - given_up_at

        timer = loop.call_at(given_up_at, note)
        deadline = asyncio.timeout(self._answer_seconds_max)
        try:
            async with deadline:
                await self._ask()
        except (UnavailableError, OSError):
            # A time-out too. What was given up may end in a lost connection, which is no refusal.
            if not deadline.expired():
                self._strikes = 0
            # When this process itself was held up, the answer may have been there in time.
            elif late_by < self._answer_seconds_max * OWN_FAULT_SHARE:
                self._strikes += 1
        else:
            self._strikes = 0
        finally:
            timer.cancel()
        if self._strikes >= STRIKE_COUNT and not self._stalled.is_set():
            self._log.warning("dependency_stalled", dependency=self._name)
            self._stalled.set()
            for call in self._on_stall:
                call()
        elif not self._strikes and self._stalled.is_set():
            self._log.info("dependency_answers_again", dependency=self._name)
            self._stalled.clear()
