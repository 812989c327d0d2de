"""Decide a batch of seat commands and answer every one."""

from collections.abc import Callable, Sequence
from datetime import datetime

from onsale.service.seat_reservation.app.interface.i_seat_result_publisher import (
    ISeatResultPublisher,
)
from onsale.service.seat_reservation.app.interface.i_seat_store import ISeatStore
from onsale.service.seat_reservation.domain.seat_command_rules import reject_malformed
from onsale.service.shared_kernel.seat_messages import SeatCommand


class ApplySeatCommandsUseCase:
    """One batch: decided in the store as a whole, then answered.

    Whatever dies in between is repaired by repeating the batch: the store gives the first answers
    again.
    """

    def __init__(
        self,
        store: ISeatStore,
        publisher: ISeatResultPublisher,
        clock: Callable[[], datetime],
    ) -> None:
        """``clock`` tells the time in UTC; it judges the deadlines of reserves."""
        self._store = store
        self._publisher = publisher
        self._clock = clock

    async def execute(self, commands: Sequence[SeatCommand]) -> None:
        """Return once the seats are durable and the broker has acknowledged every result.

        Raises:
            MalformedSeatCommandError: one of the commands is none; nothing was done.
            UnavailableError: the store or the broker is away; the same batch may be repeated.
        """
        for command in commands:
            reject_malformed(command)
        results = await self._store.apply(commands, now=self._clock())
        await self._publisher.publish(results)
