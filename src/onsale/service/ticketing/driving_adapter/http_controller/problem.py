"""Refusals as RFC 9457 problem documents, and where the framework is told to make them."""

import json
import traceback
from collections.abc import Mapping

import msgspec
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.occasional_log import OccasionalLog
from onsale.service.ticketing.domain.exceptions import (
    NotAuthenticatedError,
    TicketingError,
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
    InvalidRequestError,
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
    body: dict[str, object] = {
        "type": type_of(kind),
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "code": kind.code,
    }
    for name, value in details.items():
        body[f"current_{name}" if name in _RESERVED else name] = value
    return Response(
        _encode(body),
        kind.status,
        {"cache-control": "no-store", **headers},
        MEDIA_TYPE,
    )


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


class ProblemHandlers:
    """Turns every exception of a request into a problem document."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._log = structlog.stdlib.get_logger(__name__)
        self._unavailable_log = OccasionalLog()
        app.add_exception_handler(TicketingError, self.refuse)
        app.add_exception_handler(RequestError, self.refuse)
        app.add_exception_handler(UnavailableError, self.unavailable)
        app.add_exception_handler(RequestValidationError, self.framework_validation)
        app.add_exception_handler(HTTPException, self.framework_refusal)

    async def refuse(self, request: Request, error: Exception) -> Response:
        """A use case or the HTTP side said no."""
        if kind_of(error) is INTERNAL_ERROR:
            self._log.error(
                "impossible_refusal", path=route_of(request), traceback=traceback_of(error)
            )
        return problem_response(error)

    async def unavailable(self, request: Request, error: Exception) -> Response:
        """A dependency is away."""
        self._unavailable_log.warning("unavailable", path=route_of(request), error=str(error))
        return problem_response(error)

    async def framework_validation(self, _: Request, error: Exception) -> Response:
        """FastAPI judged a parameter itself."""
        assert isinstance(error, RequestValidationError)
        return problem_response(
            InvalidRequestError(
                [
                    {"field": ".".join(map(str, one["loc"][1:])), "message": one["msg"]}
                    for one in error.errors()
                ]
            )
        )

    async def framework_refusal(self, request: Request, error: Exception) -> Response:
        """Routing found nothing, or a static file is missing."""
        assert isinstance(error, HTTPException)
        if error.status_code == _NOT_FOUND_STATUS:
            return problem_response(RouteNotFoundError())
        if error.status_code == _NOT_ALLOWED_STATUS:
            return problem_response(MethodNotAllowedError(self._allowed(request)))
        kind = ProblemKind(error.status_code, "REFUSED", "The request is refused")
        return problem_document(kind, error.detail, {}, error.headers or {})

    def _allowed(self, request: Request) -> list[str]:
        # Every route of the path, not just the first: GET and POST are routes of their own.
        scope = dict(request.scope)
        allowed = []
        for method in METHODS:
            scope["method"] = "GET" if method == "HEAD" else method
            if any(route.matches(scope)[0] is Match.FULL for route in self._app.routes):
                allowed.append(method)
        return allowed


def traceback_of(error: Exception) -> str:
    """How the error came about, for a log. As text: a logger that renders tracebacks by itself may
    show local variables, and among those of a request are its token, password and card number.
    """
    return "".join(traceback.format_exception(error))


def route_of(request: Request) -> str:
    """The template of the request's route: unlike the path, it names nobody."""
    return getattr(request.scope.get("route"), "path_format", "")
