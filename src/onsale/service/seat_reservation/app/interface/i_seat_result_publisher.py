"""The port on which the results of seat commands leave the service."""

from collections.abc import Sequence
from typing import Protocol

from onsale.service.shared_kernel.seat_messages import SeatResult


class ISeatResultPublisher(Protocol):
    """Tells the ticketing service what became of its commands."""

    async def publish(self, results: Sequence[SeatResult]) -> None:
        """Return once every result is safe; results of one subsection keep their order.

        Raises:
            UnavailableError: not all of them are safe; the same results may be published again.
        """
        ...
