"""Seats by name in a request."""

from collections.abc import Sequence

from onsale.service.shared_kernel.seating import SeatPosition
from onsale.service.ticketing.domain.exceptions import InvalidInputError


def seat_positions_of(texts: Sequence[str], field: str) -> tuple[SeatPosition, ...]:
    """``row-seat`` each, in the order in which they were named in ``field``.

    Raises:
        InvalidInputError: one is malformed, or stands twice.
    """
    positions = []
    for index, text in enumerate(texts):
        try:
            positions.append(SeatPosition.parse(text))
        except ValueError:
            raise InvalidInputError(
                f"{field}.{index}", "a position is row-seat, both from 1: 3-14"
            ) from None
    if len(set(texts)) != len(texts):
        raise InvalidInputError(field, "a position stands twice")
    return tuple(positions)
