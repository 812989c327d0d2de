"""Reads a request's body: bounded in size and time, as JSON, into a validated model."""

import json
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Scope

from onsale.service.ticketing.domain.value_object.seating_config import (
    PRICE_CATEGORIES_PER_EVENT_MAX,
    SEATS_SET_ASIDE_PER_EVENT_MAX,
    SUBSECTIONS_PER_EVENT_MAX,
)
from onsale.service.ticketing.driving_adapter.http_controller.admission import admission_of
from onsale.service.ticketing.driving_adapter.http_controller.deadline import deadline_of
from onsale.service.ticketing.driving_adapter.http_controller.incoming_bodies import (
    IncomingBodies,
)
from onsale.service.ticketing.driving_adapter.http_controller.large_body import (
    UnreadableJsonError,
    known_values,
)
from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import client_of
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    BodyTimeoutError,
    BodyTooLargeError,
    InvalidRequestError,
    MalformedJsonError,
    UnsupportedMediaTypeError,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_values import header_of
from onsale.service.ticketing.driving_adapter.schema.fields import RequestModel
from onsale.service.ticketing.driving_adapter.schema.seating_schema import FORM_TAGS


@dataclass(frozen=True, slots=True)
class BodyBounds:
    """``value_count_max``: more values than that are in no field of a valid body."""

    bytes_max: int
    value_count_max: int


BODY = BodyBounds(1_000_000, 1_000)
# Twice what the largest hall needs: eight values for each subsection and category, one for each
# seat that is set aside.
EVENT_BODY = BodyBounds(
    8_000_000,
    16 * (SUBSECTIONS_PER_EVENT_MAX + PRICE_CATEGORIES_PER_EVENT_MAX)
    + 2 * SEATS_SET_ASIDE_PER_EVENT_MAX,
)
# Beyond this a body is cut down to what its call knows before it is judged.
PLAIN_BYTES_MAX = 4_000
# For each body, and beyond it as long as it comes at this rate.
BODY_SECONDS = 10.0
BODY_BYTES_PER_SECOND_MIN = 50_000
BODY_SECONDS_MAX = 30.0
# A client that sends without looking is heard out this far, so that it can read the refusal.
DRAIN_BYTES_MAX = 64_000_000
ERROR_COUNT_MAX = 50
_SECOND_OPINION_BYTES_MAX = 32_000
# Of values that have been read already pydantic tells in the words of Python.
_IN_WORDS_OF_JSON = {
    "list_type": "Input should be a valid array",
    "model_type": "Input should be an object",
}

Model = TypeVar("Model", bound=RequestModel)


async def read_json(request: Request, model: type[Model], bounds: BodyBounds = BODY) -> Model:
    """The body as ``model``.

    Raises:
        UnsupportedMediaTypeError, BodyTooLargeError, BodyTimeoutError, MalformedJsonError: there is
            no JSON to look at.
        InvalidRequestError: it breaks the model's rules; values are not repeated in the message.
        TooManyBodiesError, TooMuchSentError: too much is on its way, from this client or from all.
        UnavailableError: when it was there at last, too many others were.
        ClientDisconnect: the client went away.
    """
    _require_json(request.scope)
    return validated(model, await _read(request, bounds.bytes_max), bounds)


def validated(model: type[Model], body: bytes, bounds: BodyBounds = BODY) -> Model:
    """``body`` as ``model``.

    Raises:
        MalformedJsonError, InvalidRequestError: as above.
    """
    try:
        if len(body) <= PLAIN_BYTES_MAX:
            return model.model_validate_json(body)
        return model.model_validate(known_values(model, body, bounds.value_count_max))
    except ValidationError as error:
        # Outside the handler nothing may refer to the error: it knows what was sent.
        errors = error.errors(include_url=False, include_context=False, include_input=False)
    except UnreadableJsonError:
        errors = []
    if errors and errors[0]["type"] != "json_invalid":
        raise InvalidRequestError([_describe(one) for one in errors[:ERROR_COUNT_MAX]])
    if _is_json_all_the_same(body):
        raise InvalidRequestError.of(
            "", "Something in it is nested too deep, too long a number, or no Unicode text"
        )
    raise MalformedJsonError


def _require_json(scope: Scope) -> None:
    media_type = header_of(scope, b"content-type")
    if media_type is None:
        # Without a body there is no type to miss: an empty one is told apart when it is read.
        if header_of(scope, b"content-length") in (None, "0") and (
            header_of(scope, b"transfer-encoding") is None
        ):
            return
        raise UnsupportedMediaTypeError
    if media_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaTypeError


async def _read(request: Request, limit_bytes: int) -> bytes:
    declared = _declared_size(request.scope)
    if declared > limit_bytes and header_of(request.scope, b"expect") is not None:
        raise BodyTooLargeError(limit_bytes)  # the client asked first, and has sent nothing yet
    deadline = deadline_of(request.scope)
    deadline.wait_for_client(BODY_SECONDS, BodyTimeoutError)
    message = await _next(request)
    if message.get("more_body", False):
        content = await _read_on(request, message, limit_bytes, declared)
    else:
        # Nearly all of them come in one piece with their head.
        content = message.get("body", b"")
        if len(content) > limit_bytes:
            raise BodyTooLargeError(limit_bytes)
    deadline.client_has_sent()
    admission_of(request.scope).require_place()
    return content


async def _read_on(request: Request, message: Message, limit_bytes: int, declared: int) -> bytes:
    deadline = deadline_of(request.scope)
    bodies: IncomingBodies = request.scope["app"].state.bodies
    read_bytes_max = DRAIN_BYTES_MAX if declared <= DRAIN_BYTES_MAX else limit_bytes
    size = 0
    with bodies.receive(client_of(request)) as body:
        while True:
            chunk = message.get("body", b"")
            size += len(chunk)
            if size <= limit_bytes:
                body.keep(chunk)
            elif size - len(chunk) <= limit_bytes:
                body.forget()
                deadline.fail_with(partial(BodyTooLargeError, limit_bytes))
            if size > read_bytes_max or not message.get("more_body", False):
                break
            seconds = BODY_SECONDS + size / BODY_BYTES_PER_SECOND_MIN
            deadline.wait_for_more(min(seconds, BODY_SECONDS_MAX))
            message = await _next(request)
        if size > limit_bytes:
            raise BodyTooLargeError(limit_bytes)
        return body.content


async def _next(request: Request) -> Message:
    # Who waits for its client takes no place that another request could use.
    admission = admission_of(request.scope)
    admission.leave()
    try:
        message = await request.receive()
    finally:
        admission.come_back()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message


def _declared_size(scope: Scope) -> int:
    text = header_of(scope, b"content-length")
    return int(text) if text is not None and text.isascii() and text.isdecimal() else 0


def _describe(error: ErrorDetails) -> dict[str, str]:
    path = [str(part) for part in error["loc"] if part not in FORM_TAGS]
    return {"field": ".".join(path), "message": _IN_WORDS_OF_JSON.get(error["type"], error["msg"])}


def _is_json_all_the_same(body: bytes) -> bool:
    """Whether the grammar allows the body although our parser refuses it: half of a surrogate pair,
    or a number with thousands of digits.
    """
    if len(body) > _SECOND_OPINION_BYTES_MAX:
        return False
    try:
        json.loads(body.decode())
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        return False
    except ValueError:
        return True
    return True
