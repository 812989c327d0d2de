"""Keeps deliveries going: many receivers at a time, of each a few."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.command.deliver_webhook_use_case import DeliverWebhookUseCase
from onsale.service.ticketing.app.interface.i_webhook_delivery import (
    LEASE_SECONDS,
    IWebhookOutbox,
    Look,
    OwedDelivery,
)
from onsale.service.ticketing.app.service.webhook_places import (
    QUICK_SECONDS_MAX,
    Standing,
    WebhookPlaces,
)

POLL_SECONDS = 0.5
# So that one look serves more of what has ended and become due.
PACE_SECONDS = 0.02
PAUSE_AFTER_FAULT_SECONDS = 1.0
# What is being tried when the process is to stop has so long; what is not over by then is tried
# again when its lease is over.
STOP_SECONDS_MAX = 8.0
# A process that slept, or has too much to do, leaves to others what it has not begun by then: an
# attempt is to be over long before its lease.
BEGIN_SECONDS_MAX = LEASE_SECONDS / 6


@dataclass(slots=True)
class WebhookDispatcher:
    """One for a process. ``on_error`` hears of what could not be done and will be again."""

    outbox: IWebhookOutbox
    deliver: DeliverWebhookUseCase
    on_error: Callable[[Exception], None]
    monotonic: Callable[[], float]
    _places: WebhookPlaces = field(default_factory=WebhookPlaces)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop`` is set, and then what is in hand."""
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._wake.set())
        try:
            while not stop.is_set():
                self._wake.clear()
                pause_seconds = await self._take()
                await self._woken(pause_seconds)
        finally:
            stopping.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=STOP_SECONDS_MAX)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self) -> float:
        """Take what is due in hand; returns for how long to wait if nothing happens."""
        pause_seconds = POLL_SECONDS
        try:
            for look in self._places.looks():
                if await self._take_from(look):
                    pause_seconds = 0.0
        except UnavailableError as error:
            self.on_error(error)
            return PAUSE_AFTER_FAULT_SECONDS
        return pause_seconds

    async def _take_from(self, look: Look) -> bool:
        due = await self.outbox.due(look)
        places = self._places.allot(look, due)
        began = self.monotonic()
        claimed = await self.outbox.claim(places) if places else ()
        self._places.begin(look, due, claimed)
        for delivery in claimed:
            task = asyncio.create_task(self._deliver(delivery, began))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return bool(claimed)

    async def _deliver(self, delivery: OwedDelivery, claimed_at: float) -> None:
        standing = None
        try:
            began = self.monotonic()
            if began - claimed_at > BEGIN_SECONDS_MAX:
                return
            standing = Standing.FAILING
            if await self.deliver.execute(delivery):
                is_quick = self.monotonic() - began <= QUICK_SECONDS_MAX
                standing = Standing.QUICK if is_quick else Standing.SLOW
        except Exception as error:  # noqa: BLE001 - told, and tried again when its time comes
            self.on_error(error)
        finally:
            self._places.end(delivery, standing)
            self._wake.set()

    async def _woken(self, seconds: float) -> None:
        if seconds:
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                return
        await asyncio.sleep(PACE_SECONDS)
