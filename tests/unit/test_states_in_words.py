"""The page that says what a state is called on pages: every state, in the pages' own words."""

import re

import pytest

from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus, TicketStatus
from tests.servers.protocol import PROJECT

PAGES = PROJECT / "src" / "onsale" / "web" / "static"
TABLES = {
    title: dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))
    for title, text in re.findall(
        r"^## (.+?)\n(.*?)(?=^## |\Z)",
        (PROJECT / "docs" / "states.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
}


@pytest.mark.parametrize(
    ("title", "states"),
    [("Of an event", EventStatus), ("Of a booking", BookingStatus), ("Of a seat", TicketStatus)],
)
def test_every_state_has_a_line(
    title: str, states: type[EventStatus | BookingStatus | TicketStatus]
) -> None:
    assert list(TABLES[title]) == [state.value for state in states]


def test_bookings_are_called_what_their_pages_call_them() -> None:
    words = (PAGES / "words.js").read_text()
    (table,) = re.findall(r"export const STATUS = \{(.*?)\};", words, re.DOTALL)
    labels = dict(re.findall(r'(\w+): \["([^"]+)"', table))
    assert labels.keys() == TABLES["Of a booking"].keys()
    for status, line in TABLES["Of a booking"].items():
        assert labels[status] in line.rsplit("| ", 1)[-1], status


def test_events_are_called_what_their_pages_call_them() -> None:
    labels = set(re.findall(r'label: "([^"]+)"', (PAGES / "sale.js").read_text()))
    shown = {line.rsplit("| ", 1)[-1] for line in TABLES["Of an event"].values()}
    assert shown == labels - {"Not on sale", "Has begun"}
