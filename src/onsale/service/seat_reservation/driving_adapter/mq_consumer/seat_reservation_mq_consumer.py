"""Seat commands as they come from the message broker."""

from collections.abc import Sequence

import structlog

from onsale.platform.message_queue.message_bus import ReceivedMessage
from onsale.service.seat_reservation.app.command.apply_seat_commands_use_case import (
    ApplySeatCommandsUseCase,
)
from onsale.service.seat_reservation.app.interface.i_seat_result_publisher import (
    ISeatResultPublisher,
)
from onsale.service.seat_reservation.domain.result_head import head_of
from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    ReserveSeats,
    SeatsRefused,
    UnreadableMessageError,
    decode_command,
)

_log = structlog.get_logger(__name__)


class SeatReservationMqConsumer:
    """The two calls that the consumer loop makes: a batch to handle, a message given up."""

    def __init__(
        self, apply_seat_commands: ApplySeatCommandsUseCase, publisher: ISeatResultPublisher
    ) -> None:
        self._apply_seat_commands = apply_seat_commands
        self._publisher = publisher

    async def handle(self, batch: Sequence[ReceivedMessage]) -> None:
        """Decide the commands of a batch; all of its effects are durable on return.

        Raises:
            UnreadableMessageError: one of the messages is no seat command; nothing was done.
            MalformedSeatCommandError: one of the commands contradicts itself; nothing was done.
            UnavailableError: the store or the broker is away; the same batch may be repeated.
        """
        await self._apply_seat_commands.execute([decode_command(each.value) for each in batch])

    async def on_dead_letter(self, message: ReceivedMessage, error: Exception) -> None:
        """Refuse a reserve that cannot be processed, so that its buyer is told.

        A release or finalize gets no answer: its sender still owes it and sends it again.
        """
        try:
            command = decode_command(message.value)
        except UnreadableMessageError:
            _log.warning(
                "dead_seat_command_unreadable",
                topic=message.topic,
                partition=message.partition,
                position=message.position,
                error=str(error),
            )
            return
        _log.warning(
            "dead_seat_command",
            command=type(command).__name__,
            booking_id=str(command.booking_id),
            event_id=command.event_id,
            error=str(error),
        )
        if isinstance(command, ReserveSeats):
            refusal = SeatsRefused(**head_of(command), reason=RefusalReason.UNPROCESSABLE)
            await self._publisher.publish([refusal])
