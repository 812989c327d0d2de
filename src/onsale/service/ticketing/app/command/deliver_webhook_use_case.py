"""Try to tell a webhook what it is owed, and write down what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_webhook_delivery import (
    Attempt,
    IWebhookMeter,
    IWebhookOutbox,
    IWebhookSecrets,
    IWebhookSender,
    OwedDelivery,
)
from onsale.service.ticketing.domain.entity.webhook_entity import DeliveryFault, DeliveryStatus
from onsale.service.ticketing.domain.webhook_schedule import retry_delay_seconds


@dataclass(frozen=True, slots=True)
class DeliverWebhookUseCase:
    """``random_fraction`` gives numbers from 0 to 1, ``monotonic`` seconds that never go back."""

    outbox: IWebhookOutbox
    sender: IWebhookSender
    secrets: IWebhookSecrets
    meter: IWebhookMeter
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    random_fraction: Callable[[], float]

    async def execute(self, delivery: OwedDelivery) -> bool:
        """Tell whether it arrived. What cannot be written down is sent again once its lease is
        over: receivers get everything at least once.

        Raises:
            UnavailableError: the outcome could not be written down.
            Exception: what nobody expected; the attempt counts as one that failed.
        """
        began = self.monotonic()
        try:
            attempt = await self._attempted(delivery)
            await self._settle(delivery, attempt, began)
        except UnavailableError:
            raise
        except Exception:
            # Or it would be tried again whenever its lease is over, for ever.
            await self._settle(delivery, Attempt(None, DeliveryFault.PROTOCOL), began)
            raise
        return attempt.fault is None

    async def _attempted(self, delivery: OwedDelivery) -> Attempt:
        body, message_id = delivery.body.encode(), f"msg_{delivery.message_id.hex}"
        # Of this attempt, so that whoever listens in cannot send it again much later.
        timestamp = int(self.now().timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": self.secrets.signature(
                delivery.salts, message_id, timestamp, body
            ),
        }
        return await self.sender.send(delivery.url, headers, body, seller_id=delivery.seller_id)

    async def _settle(self, delivery: OwedDelivery, attempt: Attempt, began: float) -> None:
        outcome = await self._record(delivery, attempt)
        self.meter.attempted(outcome, self.monotonic() - began)

    async def _record(self, delivery: OwedDelivery, attempt: Attempt) -> str:
        if attempt.fault is None and attempt.status is not None:
            await self.outbox.delivered(delivery, attempt.status)
            return "delivered"
        fault = attempt.fault or DeliveryFault.PROTOCOL
        retry_seconds = retry_delay_seconds(delivery.attempt_count, self.random_fraction())
        if fault is DeliveryFault.GONE and attempt.status is not None:
            status = await self.outbox.gone(delivery, attempt.status, retry_seconds=retry_seconds)
        else:
            status = await self.outbox.failed(
                delivery, attempt.status, fault, retry_seconds=retry_seconds
            )
        return "dead" if status is DeliveryStatus.DEAD else "failed"
