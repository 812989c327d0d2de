"""Rows of ``event`` as entities."""

from collections.abc import Mapping
from typing import Any

from onsale.platform.database.rows import Row
from onsale.service.ticketing.domain.event_ticketing_aggregate import (
    Event,
    EventDetails,
    EventStatus,
)
from onsale.service.ticketing.driven_adapter.repository.seating_config_json import (
    seating_config_from_json,
)


def event_from_row(row: Row, seating_config: Mapping[str, Any], version: int = 0) -> Event:
    """The entity of one row of ``event``, and its hall, parsed from JSON; the
    ``version`` matters to those alone who remember it.
    """
    return Event(
        id=row["id"],
        seller_id=row["seller_id"],
        details=EventDetails(
            name=row["name"],
            description=row["description"],
            venue_name=row["venue_name"],
            seating_config=seating_config_from_json(seating_config),
            is_active=row["is_active"],
            starts_at=row["starts_at"],
            on_sale_at=row["on_sale_at"],
            currency=row["currency"],
            hold_seconds=row["hold_seconds"],
            max_tickets_per_booking=row["max_tickets_per_booking"],
            max_tickets_per_buyer=row["max_tickets_per_buyer"],
            leave_no_single_seats=row["leave_no_single_seats"],
        ),
        status=EventStatus(row["status"]),
        epoch=row["epoch"],
        created_at=row["created_at"],
        version=version,
    )
