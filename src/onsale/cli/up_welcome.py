"""What ``onsale up`` says to open and to type once all is there; typed anywhere, it works."""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from onsale.demo import Demo

_DEMO_ORDER = {
    "section": "A",
    "subsection": 1,
    "seat_selection_mode": "best_available",
    "quantity": 2,
}
_DEMO_CARD = {"card_number": "4242424242424242"}


def welcome(
    base: str, data: Path, metrics_ports: Mapping[str, int], demo: Demo | None, seconds: float
) -> list[str]:
    """The lines. ``base`` is where the API answers, ``seconds`` how long it all took."""
    onsale, place = own_command(), shlex.quote(str(data.absolute()))
    lines = [
        "",
        f"onsale is up after {seconds:.1f} s: {base}",
        f"  open   {base}  (the API: {base}/docs)",
        f"  data   {data.absolute()} (logs in logs/)",
        f"  check  {onsale} verify --data {place}",
        f"  watch  {onsale} top --url {base} --data {place}",
        *(
            f"  meter  http://127.0.0.1:{port}/metrics of {name}"
            for name, port in metrics_ports.items()
        ),
    ]
    if demo is not None:
        lines += [
            "",
            "  A demo event of 50,000 seats is on sale. Accounts of this data directory:",
            f"    buyer   {demo.buyer_email}   password {demo.buyer_password}",
            f"    seller  {demo.seller_email}  password {demo.seller_password}",
            "",
            "  Type next, in another terminal: two seats are booked, held, paid for and shown with",
            "  the codes of their tickets, then what became of the booking, step by step.",
            *(f"    {line}" for line in _purchase(base, demo)),
            # A step is written within a second.
            f"    sleep 2; {onsale} trace $BOOKING --data {place}",
        ]
    return [*lines, "", "Ctrl-C stops it; the data stays.", ""]


def own_command() -> str:
    """How whoever types it in another folder starts this program."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m onsale"
    return shlex.quote(str(program.absolute()))


def _purchase(base: str, demo: Demo) -> list[str]:
    """Two seats: booked, held, paid for, shown with the codes of their tickets."""
    log_in = {"email": demo.buyer_email, "password": demo.buyer_password}
    order = {"event_id": demo.event_id, **_DEMO_ORDER}
    return [
        # A session is not left in whatever folder this is pasted in.
        "JAR=$(mktemp)",
        "call() { curl -sS -w '\\n' -b \"$JAR\" -H 'Content-Type: application/json' \"$@\"; }",
        f'call -c "$JAR" {base}/api/user/login \\',
        f"  -d '{json.dumps(log_in)}'",
        f"BOOKING=$(call {base}/api/booking \\",
        f"  -d '{json.dumps(order)}' \\",
        '  | sed \'s/{"id":"\\([^"]*\\).*/\\1/\'); echo "booking $BOOKING"',
        # Its seats are held in a moment; without comments, which not every shell takes when typed.
        "for second in 1 2 3 4 5 6 7 8 9; do \\",
        f"  call {base}/api/booking/$BOOKING | grep pending_payment && break; sleep 1; done",
        f"call {base}/api/booking/$BOOKING/pay -d '{json.dumps(_DEMO_CARD)}'",
        f"call {base}/api/booking/$BOOKING",
    ]
