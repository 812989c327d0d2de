"""The webhooks worker's clockwork: deliveries, what is told of them, and what is forgotten."""

import asyncio
from dataclasses import dataclass

from onsale.platform.message_queue.occasional_log import OccasionalLog
from onsale.service.ticketing.app.interface.i_webhook_delivery import (
    IWebhookMeter,
    IWebhookOutbox,
)
from onsale.service.ticketing.app.service.webhook_dispatcher import WebhookDispatcher
from onsale.service.ticketing.driving_adapter.background.repeating import repeat

METER_SECONDS = 5.0
TIDY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class WebhookJobs:
    """Any number of workers may run these side by side."""

    dispatcher: WebhookDispatcher
    outbox: IWebhookOutbox
    meter: IWebhookMeter

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set; what is in hand is finished."""
        postponed = OccasionalLog()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.dispatcher.run(stop))
            tasks.create_task(repeat("meter_webhooks", METER_SECONDS, self._meter, stop, postponed))
            tasks.create_task(
                repeat("tidy_webhooks", TIDY_SECONDS, self.outbox.tidy, stop, postponed)
            )

    async def _meter(self) -> bool:
        self.meter.owed(await self.outbox.backlog())
        return False
