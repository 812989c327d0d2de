"""Seats to have instead of others, as they stand."""

from collections.abc import Sequence
from dataclasses import dataclass

from onsale.service.shared_kernel.seating import SeatPosition
from onsale.service.ticketing.app.query.get_seat_map_use_case import GetSeatMapUseCase
from onsale.service.ticketing.domain.alternative_seats import SeatGroups, alternative_seats
from onsale.service.ticketing.domain.exceptions import SeatOutOfRangeError


@dataclass(frozen=True, slots=True)
class GetAlternativesUseCase:
    """From the seat map; the asked seats may be free or taken."""

    seat_map: GetSeatMapUseCase

    async def execute(
        self, event_id: int, section: str, subsection: int, asked: Sequence[SeatPosition]
    ) -> SeatGroups:
        """At most three groups of as many adjacent seats as are asked for, nearest first; ``asked``
        are distinct.

        Raises:
            EventNotFoundError, SubsectionNotFoundError: there is none.
            SeatOutOfRangeError: a seat lies outside the subsection.
        """
        view = await self.seat_map.execute(event_id, section, subsection)
        layout = view.layout
        outside = [str(seat) for seat in asked if not layout.contains(seat)]
        if outside:
            raise SeatOutOfRangeError(outside, layout.rows, layout.seats_per_row)
        indexes = tuple(sorted(map(layout.index_of, asked)))
        return alternative_seats(layout, view.states, indexes)
