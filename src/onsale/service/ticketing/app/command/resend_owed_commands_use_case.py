"""Send again the seat commands that nobody has answered: the reading end of the outbox."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_seat_command_publisher import ISeatCommandPublisher
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    ITicketingTransaction,
    ITicketingUnitOfWork,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking

BATCH_COUNT_MAX = 500


@dataclass(frozen=True, slots=True)
class ResendOwedCommandsUseCase:
    """Whatever died after a commit, what it left owing is sent from here."""

    unit_of_work: ITicketingUnitOfWork
    commands: ISeatCommandPublisher

    async def execute(self) -> int:
        """Send one batch of due commands, and tell how many they were.

        Raises:
            UnavailableError: the broker took not all of them; they are due again after a while.
        """
        due, epochs = await self.unit_of_work.run(self._claim)
        if due:
            await self.commands.publish(due, epochs)
        return len(due)

    @staticmethod
    async def _claim(
        transaction: ITicketingTransaction,
    ) -> tuple[list[Booking], dict[int, int]]:
        due = await transaction.due_commands(BATCH_COUNT_MAX)
        if not due:
            return [], {}
        await transaction.postpone_commands([booking.id for booking in due])
        return due, dict(await transaction.epochs({booking.event_id for booking in due}))
