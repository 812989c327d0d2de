"""What a buyer asks for, as the rules by which the seats are chosen, and what they will cost."""

from collections.abc import Sequence

from onsale.service.shared_kernel.seat_messages import SelectionMode
from onsale.service.shared_kernel.seat_rules import SeatRules, index_runs
from onsale.service.shared_kernel.seating import PriceCategory, SeatPosition, SubsectionLayout


def seat_rules_for(
    layout: SubsectionLayout,
    mode: SelectionMode,
    category: PriceCategory | None,
    accessible_seats: int,
    *,
    leave_no_single_seats: bool,
) -> SeatRules | None:
    """The rules that a reserve has to carry; ``None`` where which seats are free is all there is
    to know. Seats that are named may be of any kind.
    """
    is_manual = mode is SelectionMode.MANUAL
    rules = SeatRules(
        rows=None if category is None else (category.first_row, category.last_row),
        accessible=index_runs(layout.accessible),
        companion=index_runs(layout.companion),
        accessible_seats=accessible_seats,
        leave_no_single_seats=is_manual and leave_no_single_seats,
    )
    if (is_manual and not leave_no_single_seats) or rules == SeatRules():
        return None
    return rules


def expected_price(
    layout: SubsectionLayout,
    positions: Sequence[SeatPosition],
    category: PriceCategory | None,
    quantity: int,
) -> int:
    """What a booking will cost, in cents: exact for seats that are named and for a category, else
    as if all of them had the section's price; what is held decides.
    """
    if positions:
        return sum(layout.price_of(position.row) for position in positions)
    return quantity * (layout.price if category is None else category.price)
