"""A buyer takes the best seats of an event and pays for them.

    python examples/buyer.py 1 --seats 2 --email bea@example.com --password "correct horse"

It makes the account if there is none, and prints the code of each ticket.
"""

import argparse
import asyncio
import contextlib
import os
import sys

from onsale.client import AsyncOnsaleClient, BookingStatus, Role
from onsale.client.problems import EmailTakenError, PaymentDeclinedError, SoldOutError


async def buy(client: AsyncOnsaleClient, event_id: int, seats: int, card: str) -> list[str]:
    """The codes of the tickets; none if there were not so many seats together."""
    event = await client.get_event(event_id)
    for place in event.sections:
        if place.available < seats:
            continue
        # A key is made with each call: an answer that gets lost never books or charges twice.
        try:
            booking = await client.create_booking(
                event_id, place.section, place.subsection, quantity=seats
            )
        except SoldOutError:
            continue
        held = await client.wait_for_seats(booking)
        if held.status is not BookingStatus.PENDING_PAYMENT:
            continue  # others were quicker
        print(f"held: {', '.join(held.seat_positions)} until {held.expires_at}", file=sys.stderr)
        await client.pay_booking(held, card)
        bought = await client.get_booking(held)
        return [ticket.code for ticket in bought.tickets if ticket.code]
    return []


async def run(chosen: argparse.Namespace) -> int:
    """Log in, buy, and tell."""
    async with AsyncOnsaleClient(chosen.url) as client:
        with contextlib.suppress(EmailTakenError):
            await client.register(chosen.email, chosen.password, name="Bea", role=Role.BUYER)
        await client.log_in(chosen.email, chosen.password)
        try:
            codes = await buy(client, chosen.event, chosen.seats, chosen.card)
        except PaymentDeclinedError as error:
            print(f"declined: {error.decline_reason}; the seats wait", file=sys.stderr)
            return 1
    print("\n".join(codes))
    return 0 if codes else 1


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Buy the best seats of an event.")
    parser.add_argument("event", type=int)
    parser.add_argument("--url", default=os.environ.get("ONSALE_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--seats", type=int, default=2)
    parser.add_argument("--card", default="4242 4242 4242 4242")
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", required=True)
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
