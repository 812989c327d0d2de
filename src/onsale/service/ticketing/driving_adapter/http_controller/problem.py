"""Refusals as RFC 9457 problem documents."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from uuid import UUID

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.occasional_log import OccasionalLog
from onsale.service.ticketing.domain.exceptions import (
    NotAuthenticatedError,
    TicketingError,
)
from onsale.service.ticketing.driving_adapter.http_controller.json_response import (
    NO_STORE,
    EncodedResponse,
)
from onsale.service.ticketing.driving_adapter.http_controller.problem_table import (
    INTERNAL_ERROR,
    ProblemKind,
    kind_of,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    BodyTimeoutError,
    BodyTooLargeError,
    HeadersTooLargeError,
    InternalError,
    MalformedRequestError,
    MethodNotAllowedError,
    RateLimitedError,
    RequestError,
    RouteNotFoundError,
    TooManyBodiesError,
    TooManyConnectionsError,
    TooMuchSentError,
)

MEDIA_TYPE = "application/problem+json"
_CONTENT_TYPE = (b"content-type", MEDIA_TYPE.encode())
RETRY_AFTER_SECONDS = 1
METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS")
# The rest of the body may or may not come; the next request begins afresh.
_CLOSING = (
    BodyTimeoutError,
    BodyTooLargeError,
    HeadersTooLargeError,
    MalformedRequestError,
    TooManyBodiesError,
    TooManyConnectionsError,
    TooMuchSentError,
)
_ENCODER = msgspec.json.Encoder(enc_hook=str)
_RESERVED = frozenset({"type", "title", "status", "detail", "code"})
_NOT_FOUND_STATUS, _NOT_ALLOWED_STATUS = 404, 405


def problem_response(error: Exception) -> Response:
    """The document for an error that the table knows; any other is an internal error."""
    kind = kind_of(error)
    if isinstance(error, UnavailableError):
        # Its own message may tell addresses.
        detail = f"{error.dependency} cannot be reached at the moment; try again."
        details: Mapping[str, object] = {"dependency": error.dependency}
    elif kind is not INTERNAL_ERROR and isinstance(error, TicketingError | RequestError):
        detail, details = str(error), error.details
    else:
        detail, details = str(InternalError()), {}
    return problem_document(kind, detail, details, _headers_of(error))


def type_of(kind: ProblemKind) -> str:
    """The URI that names a kind of problem."""
    return f"urn:onsale:problem:{kind.code.lower().replace('_', '-')}"


def problem_document(
    kind: ProblemKind, detail: str, details: Mapping[str, object], headers: Mapping[str, str]
) -> Response:
    """A problem document; ``details`` named like a standard member get ``current_`` before it."""
    body: dict[str, object] = {**_standard_members(kind), "detail": detail}
    for name, value in details.items():
        body[f"current_{name}" if name in _RESERVED else name] = value
    return EncodedResponse(
        _encode(body),
        kind.status,
        (
            _CONTENT_TYPE,
            NO_STORE,
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ),
    )


@cache
def _standard_members(kind: ProblemKind) -> Mapping[str, object]:
    return {
        "type": type_of(kind),
        "title": kind.title,
        "status": kind.status,
        "detail": "",
        "code": kind.code,
    }


def _encode(body: Mapping[str, object]) -> bytes:
    try:
        return _ENCODER.encode(body)
    except UnicodeEncodeError:
        # Half of a surrogate pair, which a client may send and nobody can write.
        return json.dumps(body, ensure_ascii=False, default=str).encode(errors="replace")


def _headers_of(error: Exception) -> Mapping[str, str]:
    headers = {"connection": "close"} if isinstance(error, _CLOSING) else {}
    match error:
        case NotAuthenticatedError():
            headers["www-authenticate"] = "Bearer"
        case UnavailableError():
            headers["retry-after"] = str(RETRY_AFTER_SECONDS)
        case RateLimitedError():
            headers["retry-after"] = str(error.retry_after_seconds)
        case MethodNotAllowedError():
            headers["allow"] = ", ".join(error.allowed)
        case _:
            pass
    return headers


class ProblemAnswers:
    """Knows which errors of a request are refusals, and what is told to whom of each."""

    def __init__(
        self, routes: Sequence[BaseRoute], on_refusal: Callable[[str], None] = lambda _: None
    ) -> None:
        """``routes`` are all that there are: they tell which methods a path takes. ``on_refusal``
        hears of each problem's code.
        """
        self._routes = routes
        self._on_refusal = on_refusal
        self._log = structlog.stdlib.get_logger(__name__)
        self._unavailable_log = OccasionalLog()

    def answer_to(self, scope: Scope, error: Exception) -> Response:
        """The document; of what nobody foresaw it tells nothing, and the log everything."""
        match error:
            case TicketingError() | RequestError():
                if kind_of(error) is INTERNAL_ERROR:
                    self._log.error(
                        "impossible_refusal",
                        path=route_of(scope),
                        exc_info=error,
                        **_booking_of(scope),
                    )
            case UnavailableError():
                self._unavailable_log.warning(
                    "unavailable", path=route_of(scope), error=str(error), **_booking_of(scope)
                )
            case HTTPException():
                return self._framework_refusal(scope, error)
            case _:
                self.log_unexpected(scope, error)
        return self._refuse(error)

    def log_unexpected(self, scope: Scope, error: Exception) -> None:
        """Nobody foresaw this, or not at this point."""
        self._log.error(
            "unexpected_error",
            method=scope["method"],
            path=route_of(scope),
            exc_info=error,
            **_booking_of(scope),
        )

    def _framework_refusal(self, scope: Scope, error: HTTPException) -> Response:
        # Routing found nothing, or a static file is missing.
        if error.status_code == _NOT_FOUND_STATUS:
            return self._refuse(RouteNotFoundError())
        if error.status_code == _NOT_ALLOWED_STATUS:
            return self._refuse(MethodNotAllowedError(self._allowed(scope)))
        kind = ProblemKind(error.status_code, "REFUSED", "The request is refused")
        self._on_refusal(kind.code)
        return problem_document(kind, error.detail, {}, error.headers or {})

    def _refuse(self, error: Exception) -> Response:
        self._on_refusal(kind_of(error).code)
        return problem_response(error)

    def _allowed(self, scope: Scope) -> list[str]:
        # Every route of the path, not just the first: GET and POST are routes of their own.
        scope = dict(scope)
        allowed = []
        for method in METHODS:
            scope["method"] = "GET" if method == "HEAD" else method
            if any(route.matches(scope)[0] is Match.FULL for route in self._routes):
                allowed.append(method)
        return allowed


def route_of(scope: Scope) -> str:
    """The template of the request's route: unlike the path, it names nobody."""
    return getattr(scope.get("route"), "path_format", "")


def _booking_of(scope: Scope) -> Mapping[str, str]:
    """The booking in the path, for a log; what is no id may be anything, and is left out."""
    try:
        return {"booking_id": str(UUID(scope["path_params"]["booking_id"]))}
    except (KeyError, ValueError):
        return {}
