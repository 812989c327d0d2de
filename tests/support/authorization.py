"""Who may do what: one rule for each route, and the page that shows them.

``python -m tests.support.authorization`` prints the page.
"""

from dataclasses import dataclass, field

from onsale.web.site import PAGES, STATIC_PATH
from tests.support.onsale_up import CARD_NUMBER, PASSWORD
from tests.support.visitors import Buyer, JsonObject, Seller, new_email

NO_SESSION = "401 NOT_AUTHENTICATED"
WRONG_ROLE = "403 FORBIDDEN_ROLE"
NOT_YOURS = "403 NOT_OWNER"

ROLES = ("anonymous", "buyer", "other buyer", "seller", "other seller")
"""``buyer`` has the booking that a path names, ``seller`` its event; the others have nothing."""
WITHOUT_SESSION = ("logged out", "deactivated")
"""Bring a token that was good once: they must be treated as ``anonymous`` is."""

BOOKING = "/api/booking/{booking_id}"
EVENT = "/api/event/{event_id}"
PLACE = f"{EVENT}/sections/{{section}}/subsection/{{subsection}}"
SEATS = f"{PLACE}/seats"
SALES = f"{EVENT}/sales"
WEBHOOK = "/api/webhook/{webhook_id}"
# On this machine, where nobody listens; the service of the tests may deliver there.
NOBODY_LISTENS = "http://127.0.0.1:9/"
# Which nobody books as the best available while the others are free.
LAST_SEATS = {"seats": ["5-10"]}


@dataclass(frozen=True, slots=True)
class Rule:
    """What each of ``ROLES`` is answered by one route: ``200``, or ``403 NOT_OWNER``. ``query`` is
    a way to call the route that has a rule of its own. ``needs_ticket``: the booking is paid first.
    """

    method: str
    path: str
    answers: tuple[str, ...]
    query: str = ""
    is_stream: bool = field(default=False, kw_only=True)
    ends_session: bool = field(default=False, kw_only=True)
    needs_ticket: bool = field(default=False, kw_only=True)
    ends_event: bool = field(default=False, kw_only=True)

    def __str__(self) -> str:
        return f"{self.method} {self.path}{self.query}"

    def answer_to(self, role: str) -> str:
        """What somebody in this role is answered."""
        return self.answers[0 if role in WITHOUT_SESSION else ROLES.index(role)]

    def body(self, event_id: int, code: str) -> JsonObject | None:
        """A body that the call takes from whoever may make it."""
        account = {"email": new_email(), "password": PASSWORD, "name": "X", "role": "buyer"}
        bodies: dict[tuple[str, str], JsonObject] = {
            ("POST", "/api/user"): account,
            ("POST", "/api/user/login"): account,
            ("POST", "/api/event"): Seller.details(),
            ("PATCH", EVENT): {"name": "Renamed"},
            ("POST", f"{EVENT}/admission"): {"code": code},
            ("POST", "/api/booking"): Buyer.order(event_id),
            ("POST", "/api/webhook"): {"url": NOBODY_LISTENS},
            ("PATCH", WEBHOOK): {"event_types": ["event.sold_out"]},
            ("POST", f"{PLACE}/block"): LAST_SEATS,
            ("POST", f"{PLACE}/unblock"): LAST_SEATS,
            ("POST", f"{BOOKING}/pay"): {"card_number": CARD_NUMBER},
        }
        return bodies.get((self.method, self.path))


def _all(answer: str) -> tuple[str, ...]:
    return (answer,) * len(ROLES)


def _members(answer: str) -> tuple[str, ...]:
    return (NO_SESSION, *[answer] * 4)


def _buyers(answer: str) -> tuple[str, ...]:
    return (NO_SESSION, answer, answer, WRONG_ROLE, WRONG_ROLE)


def _sellers(answer: str) -> tuple[str, ...]:
    return (NO_SESSION, WRONG_ROLE, WRONG_ROLE, answer, answer)


def _its_buyer(answer: str) -> tuple[str, ...]:
    return (NO_SESSION, answer, NOT_YOURS, WRONG_ROLE, WRONG_ROLE)


def _its_seller(answer: str) -> tuple[str, ...]:
    return (NO_SESSION, WRONG_ROLE, WRONG_ROLE, answer, NOT_YOURS)


RULES = (
    Rule("POST", "/api/user", _all("201")),
    # The account of the body is of nobody, whoever asks.
    Rule("POST", "/api/user/login", _all("401 INVALID_CREDENTIALS")),
    Rule("POST", "/api/user/logout", _members("204"), ends_session=True),
    Rule("GET", "/api/user/me", _members("200")),
    Rule("GET", "/api/user/session", _all("200")),
    Rule("POST", "/api/event", _sellers("201")),
    Rule("GET", "/api/event", _all("200")),
    Rule("GET", "/api/event", _sellers("200"), "?mine=true"),
    Rule("GET", EVENT, _all("200")),
    Rule("PATCH", EVENT, _its_seller("200")),
    Rule("POST", f"{EVENT}/admission", _its_seller("200"), needs_ticket=True),
    Rule("GET", SEATS, _all("200")),
    Rule("GET", f"{PLACE}/alternatives", _all("200"), "?seats=1-1"),
    Rule("GET", f"{EVENT}/sse", _all("200"), is_stream=True),
    Rule("GET", SALES, _its_seller("200")),
    Rule("GET", f"{SALES}.csv", _its_seller("200")),
    Rule("POST", f"{PLACE}/block", _its_seller("200")),
    Rule("POST", f"{PLACE}/unblock", _its_seller("200")),
    Rule("POST", f"{EVENT}/cancel", _its_seller("202"), ends_event=True),
    Rule("POST", "/api/booking", _buyers("202")),
    Rule("GET", "/api/booking", _members("200")),
    Rule("GET", BOOKING, (NO_SESSION, "200", NOT_YOURS, "200", NOT_YOURS)),
    Rule("GET", f"{BOOKING}/sse", _its_buyer("200"), is_stream=True),
    Rule("GET", f"{BOOKING}/tickets/{{ticket_id}}/qr.svg", _its_buyer("200"), needs_ticket=True),
    Rule("POST", f"{BOOKING}/pay", _its_buyer("200")),
    Rule("POST", f"{BOOKING}/cancel", _its_buyer("200")),
    Rule("POST", "/api/webhook", _sellers("201")),
    Rule("GET", "/api/webhook", _sellers("200")),
    Rule("GET", WEBHOOK, _its_seller("200")),
    Rule("PATCH", WEBHOOK, _its_seller("200")),
    Rule("DELETE", WEBHOOK, _its_seller("204")),
    Rule("POST", f"{WEBHOOK}/secret", _its_seller("200")),
    Rule("POST", f"{WEBHOOK}/test", _its_seller("202")),
    Rule("GET", f"{WEBHOOK}/deliveries", _its_seller("200")),
    Rule("POST", f"{WEBHOOK}/deliveries/{{delivery_id}}/resend", _its_seller("202")),
    Rule("GET", "/livez", _all("200")),
    Rule("GET", "/readyz", _all("200")),
    Rule("GET", "/metrics", _all("200")),
    Rule("GET", "/openapi.json", _all("200")),
    Rule("GET", "/docs", _all("200")),
    # Pages are the same for all; what stands on them their scripts ask of the calls above.
    *(Rule("GET", page.path, _all("200")) for page in PAGES),
    Rule("GET", f"{STATIC_PATH}/{{version}}/{{asset}}", _all("200")),
    Rule("GET", "/docs/", _all("307")),
    Rule("GET", "/docs/{asset}", _all("200")),
)

_INTRODUCTION = """\
# Who may do what

Each cell is what one role is answered by one route; the acceptance tests ask every one of them of a
running service, and see that a refused call has changed nothing. A route without a rule, or a rule
without a route, fails the tests. `make authorization` asks again and writes this page.

`buyer` made the booking that a path names, `seller` its event and the webhook; `other buyer` and
`other seller` have nothing to do with any of them. Somebody who has logged out, or whose account
was deactivated, is treated as `anonymous`, at the latest five seconds later.
"""


def page() -> str:
    """The rules as ``docs/authorization.md``."""
    rows = [("route", *ROLES), ("---",) * (len(ROLES) + 1)]
    rows += [(f"`{rule}`", *rule.answers) for rule in RULES]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([_INTRODUCTION, *lines, ""])


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - that is what it is for
