"""Takes out of a large body what a call can use, so that judging it costs what a small one does.

Pydantic keeps what was sent for each error that it finds: of a body that lacks four fields it makes
four copies in Python objects, and of eight megabytes of empty lists that takes seconds, in which
the process answers nobody.
"""

from functools import cache

import msgspec
from pydantic_core import from_json

from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    InvalidRequestError,
)
from onsale.service.ticketing.driving_adapter.schema.fields import RequestModel

_ANY_JSON = msgspec.json.Decoder(msgspec.Raw)
_OPENING = (b"[", b"{")
_COUNTED = (b",", b"[", b"{")


class UnreadableJsonError(ValueError):
    """The body is no JSON, or JSON that nobody reads."""


def known_values(model: type[RequestModel], body: bytes, value_count_max: int) -> object:
    """The fields of ``body`` that ``model`` has, as plain values; ``None`` if it is no object.

    The rest is looked at as text alone: nothing is made of it.

    Raises:
        UnreadableJsonError: there is no JSON to look at.
        InvalidRequestError: a field holds about ``value_count_max`` values or more, which no valid
            one does.
    """
    if not (body.isascii() or _is_utf8(body)):
        raise UnreadableJsonError
    try:
        document = _known_fields(model, body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableJsonError from error
    if document is None:
        return None
    for name, value in document.items():
        # An upper bound: commas in texts count too.
        if value.startswith(_OPENING) and sum(map(value.count, _COUNTED)) > value_count_max:
            raise InvalidRequestError.of(name, "Holds more than any valid one does")
    text = b",".join(b'"%b":%b' % (name.encode(), value) for name, value in document.items())
    try:
        return from_json(b"{%b}" % text)
    except ValueError as error:
        raise UnreadableJsonError from error


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _known_fields(model: type[RequestModel], body: bytes) -> dict[str, bytes] | None:
    try:
        fields = _decoder_of(model).decode(body)
    except msgspec.ValidationError:
        # Said at the first character that is no brace: the rest may be no JSON.
        _ANY_JSON.decode(body)
        return None
    given = ((name, getattr(fields, name)) for name in model.model_fields)
    return {name: bytes(value) for name, value in given if value is not msgspec.UNSET}


@cache
def _decoder_of(model: type[RequestModel]) -> msgspec.json.Decoder[msgspec.Struct]:
    names = [(name, msgspec.Raw | msgspec.UnsetType, msgspec.UNSET) for name in model.model_fields]
    return msgspec.json.Decoder(msgspec.defstruct(model.__name__, names))
