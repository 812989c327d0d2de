"""Keeps deliveries going: many receivers at a time, of each a few."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.command.deliver_webhook_use_case import DeliverWebhookUseCase
from onsale.service.ticketing.app.interface.i_webhook_delivery import (
    LEASE_SECONDS,
    PER_WEBHOOK_MAX,
    IWebhookOutbox,
    OwedDelivery,
)

IN_HAND_MAX = 200
"""Deliveries that one process has in hand, each with a connection."""
# Of a receiver that failed last only one at a time is tried: it keeps few places from others.
PER_FAILING_WEBHOOK_MAX = 1
FAILING_COUNT_MAX = 10_000
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
    _in_hand: Counter[int] = field(default_factory=Counter)
    _failing: set[int] = field(default_factory=set)
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
        places = IN_HAND_MAX - len(self._tasks)
        if not places:
            return POLL_SECONDS
        began = self.monotonic()
        try:
            claimed = await self.outbox.claim(self._places(), limit=places)
        except UnavailableError as error:
            self.on_error(error)
            return PAUSE_AFTER_FAULT_SECONDS
        for delivery in claimed:
            self._begin(delivery, began)
        return 0.0 if claimed else POLL_SECONDS

    def _places(self) -> dict[int, int]:
        """For each webhook of which something is in hand or failed: how many more it may have."""
        return {
            webhook_id: max(0, self._bound(webhook_id) - self._in_hand[webhook_id])
            for webhook_id in {*self._in_hand, *self._failing}
        }

    def _bound(self, webhook_id: int) -> int:
        return PER_FAILING_WEBHOOK_MAX if webhook_id in self._failing else PER_WEBHOOK_MAX

    def _begin(self, delivery: OwedDelivery, claimed_at: float) -> None:
        self._in_hand[delivery.webhook_id] += 1
        task = asyncio.create_task(self._deliver(delivery, claimed_at))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: OwedDelivery, claimed_at: float) -> None:
        try:
            if self.monotonic() - claimed_at > BEGIN_SECONDS_MAX:
                return
            if await self.deliver.execute(delivery):
                self._failing.discard(delivery.webhook_id)
            elif len(self._failing) < FAILING_COUNT_MAX:
                self._failing.add(delivery.webhook_id)
        except Exception as error:  # noqa: BLE001 - told, and tried again when its lease is over
            self.on_error(error)
        finally:
            self._in_hand[delivery.webhook_id] -= 1
            if not self._in_hand[delivery.webhook_id]:
                del self._in_hand[delivery.webhook_id]
            self._wake.set()

    async def _woken(self, seconds: float) -> None:
        if seconds:
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                return
        await asyncio.sleep(PACE_SECONDS)
