"""Send again the seat commands that nobody has answered: the reading end of the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_seat_command_publisher import ISeatCommandPublisher
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking

BATCH_COUNT_MAX = 500
# A broker that is away is asked with so many; the others stay due until it takes them.
PROBE_COUNT_MAX = 1
HURRY_COUNT_MAX = 1_000


@dataclass(slots=True)
class ResendOwedCommandsUseCase:
    """Whatever died after a commit, what it left owing is sent from here.

    The back-off is for commands that were sent and not answered. One that the broker refused was
    not sent: it waits for the broker and no longer.
    """

    unit_of_work: ITicketingUnitOfWork
    commands: ISeatCommandPublisher
    _is_broker_away: bool = False

    async def execute(self) -> int:
        """Send one batch of due commands, and tell how many were sent.

        The first that a broker takes after it was away makes due at once whatever was to be sent
        meanwhile.

        Raises:
            UnavailableError: the broker took not all of them; they are due again after a while.
        """
        limit = PROBE_COUNT_MAX if self._is_broker_away else BATCH_COUNT_MAX
        due, epochs, claimed_at = await self.unit_of_work.run(
            lambda transaction: self._claim(transaction, limit)
        )
        if not due:
            return 0
        try:
            await self.commands.publish(due, epochs)
        except UnavailableError:
            self._is_broker_away = True
            await self._retract(due)
            raise
        if not self._is_broker_away:
            return len(due)
        self._is_broker_away = False
        await self._hurry_unsent(claimed_at)
        return len(due) + await self.execute()

    @staticmethod
    async def _claim(
        transaction: ITicketingTransaction, limit: int
    ) -> tuple[list[Booking], dict[int, int], datetime]:
        due = await transaction.due_commands(limit)
        if not due:
            return [], {}, transaction.now
        # Whoever dies before the broker has them leaves them to be sent again later.
        await transaction.postpone_commands([booking.id for booking in due])
        epochs = dict(await transaction.epochs({booking.event_id for booking in due}))
        return due, epochs, transaction.now

    async def _retract(self, refused: Sequence[Booking]) -> None:
        seq_of = {booking.id: booking.command_seq for booking in refused}

        async def retract(transaction: ITicketingTransaction) -> None:
            bookings = (await transaction.lock_bookings(seq_of)).values()
            await transaction.retract_sendings(
                [
                    booking.id
                    for booking in bookings
                    if booking.command is not None and booking.command_seq == seq_of[booking.id]
                ]
            )

        await self.unit_of_work.run(retract)

    async def _hurry_unsent(self, before: datetime) -> None:
        hurried_count = HURRY_COUNT_MAX
        while hurried_count == HURRY_COUNT_MAX:
            hurried_count = await self.unit_of_work.run(
                lambda transaction: transaction.hurry_unsent(before, HURRY_COUNT_MAX)
            )
