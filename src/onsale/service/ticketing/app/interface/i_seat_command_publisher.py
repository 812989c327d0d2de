"""The port that sends seat commands on their way."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from onsale.service.ticketing.domain.entity.booking_entity import Booking


class ISeatCommandPublisher(Protocol):
    """Sends what bookings owe. The rows are the outbox, so losing a message loses nothing."""

    async def publish(self, bookings: Sequence[Booking], epochs: Mapping[int, int]) -> None:
        """Send the owed command of each booking, under its event's epoch (0 where unknown).

        Raises:
            UnavailableError: the broker did not acknowledge all of them.
        """
        ...

    def post(self, bookings: Sequence[Booking], epochs: Mapping[int, int]) -> None:
        """The same without waiting or failing: what cannot be sent stays owed and is sent later."""
        ...
