"""A seller puts an event on sale and watches it.

    python examples/seller.py --email sam@example.com --password "correct horse" --until-sold 2

It makes the account if there is none, prints the event's number first, then a line for each change.
"""

import argparse
import contextlib
import os

from onsale.client import (
    EventStatus,
    EventView,
    NewEvent,
    OnsaleClient,
    RegularHall,
    RegularSection,
    Role,
)
from onsale.client.problems import EmailTakenError

STALLS = RegularSection("Stalls", price=4_500, subsections=2)
EVENT = NewEvent(
    name="An evening with the examples",
    venue_name="The Small Hall",
    seating_config=RegularHall(rows=10, cols=12, sections=[STALLS]),
    currency="EUR",
    max_tickets_per_buyer=6,
)


def log_in(client: OnsaleClient, email: str, password: str) -> None:
    """Begin a session, of a new account if need be."""
    with contextlib.suppress(EmailTakenError):
        client.register(email, password, name="Sam", role=Role.SELLER)
    client.log_in(email, password)


def line(view: EventView) -> str:
    """An event in a few words."""
    left, held, sold = (
        sum(getattr(each, state) for each in view.sections)
        for state in ("available", "reserved", "sold")
    )
    return f"{view.status.value}: {left} left, {held} held, {sold} sold"


def sold(view: EventView) -> int:
    """How many seats have been paid."""
    return sum(each.sold for each in view.sections)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Put an event on sale and watch it.")
    parser.add_argument("--url", default=os.environ.get("ONSALE_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--until-sold", type=int, default=240, help="how many seats to wait for")
    chosen = parser.parse_args()

    with OnsaleClient(chosen.url) as client:
        log_in(client, chosen.email, chosen.password)
        event = client.create_event(EVENT)
        print(event.id, flush=True)
        # A stream that breaks off is opened again by itself.
        with client.follow_event(event.id) as views:
            for view in views:
                print(line(view), flush=True)
                if view.status is EventStatus.CANCELLED or sold(view) >= chosen.until_sold:
                    break
        sales = client.get_sales(event.id)
        print(f"revenue {sales.revenue / 100:.2f} {sales.currency}")


if __name__ == "__main__":
    main()
