"""Reads what stands in the path, the query and the headers. Everything there is text; what does not
have the form of its kind is refused, what merely does not exist is not found.
"""

import base64
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from starlette.requests import Request
from starlette.types import Scope

from onsale.service.shared_kernel.seating import TICKETS_PER_BOOKING_MAX, SeatPosition
from onsale.service.ticketing.app.interface.i_event_repository import (
    EventOrder,
    EventPlace,
    SaleStage,
)
from onsale.service.ticketing.domain.exceptions import (
    EventNotFoundError,
    WebhookDeliveryNotFoundError,
    WebhookNotFoundError,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    InvalidRequestError,
)
from onsale.service.ticketing.driving_adapter.schema.seat_positions import seat_positions_of

ID_MAX = 2**63 - 1
PAGE_LIMIT_DEFAULT = 20
PAGE_LIMIT_MAX = 100
IDEMPOTENCY_KEY_LENGTH_MAX = 255
_ID = re.compile(r"[1-9][0-9]*", re.ASCII)
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,3999}", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

Choice = TypeVar("Choice", bound=StrEnum)
Key = TypeVar("Key", EventPlace, UUID, int)
Item = TypeVar("Item")


def header_of(scope: Scope, name: bytes) -> str | None:
    """The first header of this (lower-case) name."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


def event_id_of(request: Request) -> int:
    """The event id in the path.

    Raises:
        InvalidRequestError: not a positive integer.
        EventNotFoundError: one that no event can have.
    """
    return known_event_id(_positive(request.path_params["event_id"], "event_id"))


def known_event_id(event_id: int) -> int:
    """The id, unless no event can have it: beyond the database's range it would be an error there.

    Raises:
        EventNotFoundError: there is no such event.
    """
    if event_id > ID_MAX:
        raise EventNotFoundError
    return event_id


def booking_id_of(request: Request) -> UUID:
    """The booking id in the path.

    Raises:
        InvalidRequestError: not a UUID.
    """
    text = request.path_params["booking_id"]
    if _UUID.fullmatch(text) is None:
        raise InvalidRequestError.of("booking_id", "a booking id is a UUID")
    return UUID(text)


def ticket_id_of(request: Request) -> int:
    """The ticket id in the path; whether the booking has it is for the booking to say.

    Raises:
        InvalidRequestError: not a positive integer.
    """
    return _positive(request.path_params["ticket_id"], "ticket_id")


def webhook_id_of(request: Request) -> int:
    """The webhook id in the path.

    Raises:
        InvalidRequestError: not a positive integer.
        WebhookNotFoundError: one that no webhook can have.
    """
    webhook_id = _positive(request.path_params["webhook_id"], "webhook_id")
    if webhook_id > ID_MAX:
        raise WebhookNotFoundError
    return webhook_id


def delivery_id_of(request: Request) -> int:
    """The delivery id in the path.

    Raises:
        InvalidRequestError: not a positive integer.
        WebhookDeliveryNotFoundError: one that no delivery can have.
    """
    delivery_id = _positive(request.path_params["delivery_id"], "delivery_id")
    if delivery_id > ID_MAX:
        raise WebhookDeliveryNotFoundError
    return delivery_id


def section_of(request: Request) -> tuple[str, int]:
    """Section and subsection in the path; whether they exist is for the event to say.

    Raises:
        InvalidRequestError: NUL in the name, or a subsection that is no number.
    """
    section, number = request.path_params["section"], request.path_params["subsection"]
    if "\0" in section:
        raise InvalidRequestError.of("section", "Text cannot hold the NUL character")
    if _NUMBER.fullmatch(number) is None:
        raise InvalidRequestError.of("subsection", "a subsection is a number")
    return section, int(number)


def seats_asked_of(request: Request) -> tuple[SeatPosition, ...]:
    """The positions in ``seats``, distinct, with commas between.

    Raises:
        InvalidRequestError: there is none, or there are more than a booking takes.
        InvalidInputError: one is malformed or stands twice.
    """
    text = _query(request, "seats")
    texts = [] if text is None else text.split(",", TICKETS_PER_BOOKING_MAX)
    if not 1 <= len(texts) <= TICKETS_PER_BOOKING_MAX:
        raise InvalidRequestError.of(
            "seats", f"1 to {TICKETS_PER_BOOKING_MAX} positions, with commas between"
        )
    return seat_positions_of(texts, "seats")


def idempotency_key_of(request: Request) -> str | None:
    """The ``Idempotency-Key`` header.

    Raises:
        InvalidRequestError: it is empty, too long, no text or given twice.
    """
    given = [value for name, value in request.scope["headers"] if name == b"idempotency-key"]
    if not given:
        return None
    try:
        key = str(given[0], "utf-8")
    except UnicodeDecodeError:
        raise InvalidRequestError.of("Idempotency-Key", "a key is text in UTF-8") from None
    if len(given) > 1 or "\x00" in key or not 0 < len(key) <= IDEMPOTENCY_KEY_LENGTH_MAX:
        raise InvalidRequestError.of(
            "Idempotency-Key", f"one key of 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} characters"
        )
    return key


def choice_of(request: Request, name: str, choices: type[Choice]) -> Choice | None:
    """A query parameter that is one of a few words, or not given.

    Raises:
        InvalidRequestError: it is another word.
    """
    text = _query(request, name)
    if text is None:
        return None
    try:
        return choices(text)
    except ValueError:
        words = ", ".join(choice.value for choice in choices)
        raise InvalidRequestError.of(name, f"one of: {words}") from None


def flag_of(request: Request, name: str) -> bool:
    """A query parameter that is ``true`` or ``false``; false if not given.

    Raises:
        InvalidRequestError: it is something else.
    """
    text = _query(request, name)
    if text is None:
        return False
    if text.lower() not in _BOOLEANS:
        raise InvalidRequestError.of(name, "true or false")
    return _BOOLEANS[text.lower()]


def id_filter_of(request: Request, name: str) -> int | None:
    """A query parameter that is an id, or not given; it may be larger than any id there is.

    Raises:
        InvalidRequestError: not a positive integer.
    """
    text = _query(request, name)
    return None if text is None else _positive(text, name)


def limit_of(request: Request) -> int:
    """How many items a page shall have.

    Raises:
        InvalidRequestError: not a number from 1 to the maximum.
    """
    text = _single(request, "limit")
    if text is None:
        return PAGE_LIMIT_DEFAULT
    if _ID.fullmatch(text) is None or _cut(text) > PAGE_LIMIT_MAX:
        raise InvalidRequestError.of("limit", f"a number from 1 to {PAGE_LIMIT_MAX}")
    return int(text)


def event_cursor_of(request: Request, order: EventOrder) -> EventPlace | None:
    """The place behind ``cursor``, or ``None`` for the first page.

    Raises:
        InvalidRequestError: no page in this order has handed this cursor out.
    """
    return _cursor(request, _read_sale_place if order is EventOrder.SALE else _read_place)


def id_cursor_of(request: Request) -> int | None:
    """The id behind ``cursor``, or ``None`` for the first page.

    Raises:
        InvalidRequestError: no page has handed this cursor out.
    """
    return _cursor(request, _read_id)


def booking_cursor_of(request: Request) -> UUID | None:
    """The booking id behind ``cursor``, or ``None`` for the first page.

    Raises:
        InvalidRequestError: no page has handed this cursor out.
    """
    return _cursor(request, UUID)


def page_of(
    items: Sequence[Item], limit: int, key: Callable[[Item], object]
) -> tuple[Sequence[Item], str | None]:
    """A page, and the cursor of the next if ``items`` has one more than the page takes."""
    if len(items) <= limit:
        return items, None
    page = items[:limit]
    return page, cursor_after(key(page[-1]))


def cursor_after(key: object) -> str:
    """The cursor of the page that follows the item with this key."""
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def _cursor(request: Request, read: Callable[[str], Key]) -> Key | None:
    text = _query(request, "cursor")
    if text is None:
        return None
    key: Key | None
    try:
        # Handed out without padding. Its decoder takes other characters for the two of base64url.
        last = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        key = read(last.decode("ascii"))
    except ValueError:
        key = None
    # Both steps read several spellings of a key; only one was handed out.
    if key is None or cursor_after(key) != text:
        raise InvalidRequestError.of("cursor", "not a cursor of this list")
    return key


def _read_id(text: str) -> int:
    if _ID.fullmatch(text) is None or int(text) > ID_MAX:
        raise ValueError("not an id")
    return int(text)


def _read_place(text: str) -> EventPlace:
    return EventPlace(_read_id(text))


def _read_sale_place(text: str) -> EventPlace:
    stage, _, event_id = text.partition(".")
    return EventPlace(_read_id(event_id), SaleStage(int(stage)))


def _positive(text: str, name: str) -> int:
    if _ID.fullmatch(text) is None:
        raise InvalidRequestError.of(name, "a positive integer")
    return _cut(text)


def _cut(digits: str) -> int:
    # Longer ones are nobody's id; cut so that hostile digits cost no time.
    return int(digits[: len(str(ID_MAX)) + 1])


def _query(request: Request, name: str) -> str | None:
    # Forms and many clients send an empty value for one that was not chosen.
    return _single(request, name) or None


def _single(request: Request, name: str) -> str | None:
    values = request.query_params.getlist(name)
    if len(values) > 1:
        # Whoever reads the first and whoever reads the last would not agree on what was asked.
        raise InvalidRequestError.of(name, "given more than once")
    return values[0] if values else None
