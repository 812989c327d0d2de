"""What sellers send: halls, new events, changes. What is left out is the service's to choose."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from onsale.client.answers import PriceCategory


class RegularSection(msgspec.Struct, frozen=True, omit_defaults=True):
    """A section of ``subsections`` equal rectangles; ``price`` of a seat in cents."""

    name: str
    price: int
    subsections: int


class RegularHall(msgspec.Struct, frozen=True, omit_defaults=True):
    """A hall whose subsections all have ``rows`` by ``cols`` seats."""

    rows: int
    cols: int
    sections: Sequence[RegularSection]


class NewSubsection(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rectangle of seats; accessible and companion seats as ``row-seat``."""

    number: int
    rows: int
    seats_per_row: int
    price_categories: Sequence[PriceCategory] = ()
    accessible: Sequence[str] = ()
    companion: Sequence[str] = ()


class NewSection(msgspec.Struct, frozen=True, omit_defaults=True):
    """A section, the price of its seats in cents, and its rectangles."""

    name: str
    price: int
    subsections: Sequence[NewSubsection]


class Hall(msgspec.Struct, frozen=True, omit_defaults=True):
    """Any hall."""

    sections: Sequence[NewSection]


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event to be made. Times have a time zone."""

    name: str
    description: str = ""
    venue_name: str
    seating_config: RegularHall | Hall
    is_active: bool | UnsetType = UNSET
    starts_at: datetime | UnsetType | None = UNSET
    on_sale_at: datetime | UnsetType | None = UNSET
    currency: str | UnsetType = UNSET
    hold_seconds: int | UnsetType = UNSET
    max_tickets_per_booking: int | UnsetType = UNSET
    max_tickets_per_buyer: int | UnsetType | None = UNSET
    leave_no_single_seats: bool | UnsetType = UNSET


class EventChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change of an event; the rest stays as it is."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    venue_name: str | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    starts_at: datetime | UnsetType | None = UNSET
    on_sale_at: datetime | UnsetType | None = UNSET
    max_tickets_per_buyer: int | UnsetType | None = UNSET
    leave_no_single_seats: bool | UnsetType = UNSET
