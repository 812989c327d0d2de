"""Feeds seat results from the broker into the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass

from onsale.platform.message_queue.message_bus import ReceivedMessage
from onsale.service.shared_kernel.seat_messages import decode_result
from onsale.service.ticketing.app.command.apply_seat_results_use_case import (
    ApplySeatResultsUseCase,
)


@dataclass(frozen=True, slots=True)
class TicketingMqConsumer:
    """One transaction for each batch that the broker hands over."""

    apply_seat_results: ApplySeatResultsUseCase

    async def handle(self, batch: Sequence[ReceivedMessage]) -> None:
        """Apply a batch.

        Raises:
            UnreadableMessageError: one of them is no seat result; nothing was applied.
        """
        await self.apply_seat_results.execute([decode_result(message.value) for message in batch])
