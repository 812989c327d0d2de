"""How many of the free seats are there for a booking that lets the system choose."""

from collections.abc import Iterable

from onsale.service.shared_kernel.seating import PriceCategory, SeatState, SubsectionLayout


def seats_on_offer(
    layout: SubsectionLayout, states: bytes, category: PriceCategory | None, accessible_seats: int
) -> int:
    """The most seats that such a booking can get: those that are free in the rows of its category,
    and among them those that are set aside only if it wants accessible seats; 0 if there are not as
    many of these as it wants. Whether they are adjacent is left to the seat store.

    ``states`` has one byte (``SeatState``) per seat, row by row.
    """
    rows = (
        range(layout.rows) if category is None else range(category.first_row - 1, category.last_row)
    )
    offered = range(rows.start * layout.seats_per_row, rows.stop * layout.seats_per_row)

    def free(indexes: Iterable[int]) -> int:
        return sum(states[index] == SeatState.AVAILABLE for index in indexes if index in offered)

    in_rows = states.count(SeatState.AVAILABLE, offered.start, offered.stop)
    if not accessible_seats:
        return in_rows - free(layout.accessible) - free(layout.companion)
    return in_rows if free(layout.accessible) >= accessible_seats else 0
