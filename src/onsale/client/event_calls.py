"""Events and their sales, each call described once."""

from collections.abc import Mapping, Sequence
from typing import Any

from onsale.client import answers as a
from onsale.client.call import EVENT_STREAM, Call, Repeat, decoded, query
from onsale.client.requests import EventChanges, NewEvent
from onsale.client.words import EventOrder, EventStatus

_EVENT = "/api/event/{event_id}"
_SUBSECTION = f"{_EVENT}/sections/{{section}}/subsection/{{subsection}}"


def create_event(event: NewEvent | Mapping[str, Any]) -> Call[a.Event]:
    """Make an event with all its seats; it opens by itself once they are loaded and ``on_sale_at``
    has come. A mapping is sent as it is.
    """
    return Call(
        method="POST",
        template="/api/event",
        status=201,
        body=event,
        repeat=Repeat.UNHEARD,
        parse=decoded(a.Event),
    )


def update_event(event_id: int, changes: EventChanges | Mapping[str, Any]) -> Call[a.Event]:
    """Change an event; what is left out stays."""
    return Call(
        method="PATCH",
        template=_EVENT,
        path={"event_id": event_id},
        body=changes,
        # In between somebody else may have changed it otherwise.
        repeat=Repeat.UNHEARD,
        parse=decoded(a.Event),
    )


def cancel_event(event_id: int) -> Call[a.Event]:
    """Cancel an event for good; its bookings end, and what was paid is handed back, afterwards."""
    return Call(
        method="POST",
        template=f"{_EVENT}/cancel",
        status=202,
        path={"event_id": event_id},
        repeat=Repeat.UNHEARD,
        parse=decoded(a.Event),
    )


def list_events(
    *,
    status: EventStatus | str | None = None,
    mine: bool = False,
    order: EventOrder | str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[a.EventPage]:
    """A page of events, newest first unless ``order`` says otherwise; ``mine``: those of the seller
    who asks, hidden ones too.
    """
    return Call(
        method="GET",
        template="/api/event",
        query=query(
            status=status, mine="true" if mine else None, order=order, limit=limit, cursor=cursor
        ),
        parse=decoded(a.EventPage),
    )


def get_event(event_id: int) -> Call[a.EventWithSections]:
    """An event with the seats left in each subsection, at most a second old."""
    return Call(
        method="GET",
        template=_EVENT,
        path={"event_id": event_id},
        parse=decoded(a.EventWithSections),
    )


def get_seat_map(event_id: int, section: str, subsection: int) -> Call[a.SeatMap]:
    """Every seat of a subsection."""
    return Call(
        method="GET",
        template=f"{_SUBSECTION}/seats",
        path=_place(event_id, section, subsection),
        parse=decoded(a.SeatMap),
    )


def get_alternatives(
    event_id: int, section: str, subsection: int, seats: Sequence[str]
) -> Call[a.Alternatives]:
    """At most three groups of as many adjacent seats to have instead of these (``row-seat``)."""
    return Call(
        method="GET",
        template=f"{_SUBSECTION}/alternatives",
        path=_place(event_id, section, subsection),
        query={"seats": ",".join(seats)},
        parse=decoded(a.Alternatives),
    )


def follow_event(event_id: int) -> Call[a.LiveEvent]:
    """The stream of an event; this reads one piece of data of it."""
    return Call(
        method="GET",
        template=f"{_EVENT}/sse",
        path={"event_id": event_id},
        accept=EVENT_STREAM,
        parse=decoded(a.LiveEvent),
    )


def admit_ticket(event_id: int, code: str) -> Call[a.AdmittedTicket]:
    """Let the bearer of a ticket in: at a door of the event's seller, once."""
    return Call(
        method="POST",
        template=f"{_EVENT}/admission",
        path={"event_id": event_id},
        body={"code": code},
        repeat=Repeat.UNHEARD,
        parse=decoded(a.AdmittedTicket),
    )


def get_sales(event_id: int) -> Call[a.Sales]:
    """What was sold of an event: for its seller, at most a second old."""
    return Call(
        method="GET",
        template=f"{_EVENT}/sales",
        path={"event_id": event_id},
        parse=decoded(a.Sales),
    )


def export_tickets(event_id: int) -> Call[str]:
    """The tickets of an event that are reserved or sold, as a table: for its seller."""
    return Call(
        method="GET",
        template=f"{_EVENT}/sales.csv",
        path={"event_id": event_id},
        accept="text/csv",
        parse=bytes.decode,
    )


def block_seats(
    event_id: int, section: str, subsection: int, seats: Sequence[str]
) -> Call[a.Seats]:
    """Take seats (``row-seat``) out of the sale, all of them or none; returns those that are
    blocked now.
    """
    return _seats_change("block", event_id, section, subsection, seats)


def unblock_seats(
    event_id: int, section: str, subsection: int, seats: Sequence[str]
) -> Call[a.Seats]:
    """Put blocked seats on sale again, all of them or none."""
    return _seats_change("unblock", event_id, section, subsection, seats)


def _seats_change(
    what: str, event_id: int, section: str, subsection: int, seats: Sequence[str]
) -> Call[a.Seats]:
    return Call(
        method="POST",
        template=f"{_SUBSECTION}/{what}",
        path=_place(event_id, section, subsection),
        body={"seats": list(seats)},
        repeat=Repeat.UNHEARD,
        parse=decoded(a.Seats),
    )


def _place(event_id: int, section: str, subsection: int) -> dict[str, object]:
    return {"event_id": event_id, "section": section, "subsection": subsection}
