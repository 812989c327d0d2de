"""A door reads codes, one a line, and says whom to let in.

    python examples/door.py 1 --email sam@example.com --password "correct horse" < codes

The account is that of the event's seller.
"""

import argparse
import os
import sys

from onsale.client import NoAnswerError, OnsaleClient
from onsale.client.problems import AlreadyAdmittedError, TicketNotValidError


def verdict(client: OnsaleClient, event_id: int, code: str) -> str:
    """What the one at the door says."""
    try:
        ticket = client.admit_ticket(event_id, code)
    except AlreadyAdmittedError as error:
        return f"no: came in at {error.admitted_at}"
    except TicketNotValidError:
        return "no: not a ticket for this event"
    except NoAnswerError:
        # Never asked again by itself: the first time may have counted.
        return "unclear: read it once more"
    return f"welcome: {ticket.section} {ticket.subsection}, row {ticket.row}, seat {ticket.seat}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Let people in.")
    parser.add_argument("event", type=int)
    parser.add_argument("--url", default=os.environ.get("ONSALE_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", required=True)
    chosen = parser.parse_args()
    with OnsaleClient(chosen.url) as client:
        client.log_in(chosen.email, chosen.password)
        for line in sys.stdin:
            print(verdict(client, chosen.event, line.strip()), flush=True)


if __name__ == "__main__":
    main()
