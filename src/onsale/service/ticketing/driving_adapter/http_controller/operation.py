"""A route and its documentation in one place.

Controllers are plain functions from request to answer: they read what they need in the order in
which it is to be judged (session and role, then body, then the rest), and FastAPI's own reading of
parameters, which costs several times what a booking does, is left out. FastAPI still routes,
handles errors and writes the OpenAPI document, from what stands here.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.domain.exceptions import NotAuthenticatedError
from onsale.service.ticketing.driving_adapter.http_controller.deadline import Deadlines
from onsale.service.ticketing.driving_adapter.http_controller.problem import (
    MEDIA_TYPE,
    type_of,
)
from onsale.service.ticketing.driving_adapter.http_controller.problem_table import (
    INTERNAL_ERROR,
    PROBLEMS,
    ProblemKind,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    BodyTimeoutError,
    BodyTooLargeError,
    ForeignOriginError,
    InvalidRequestError,
    MalformedJsonError,
    TooManyBodiesError,
    UnsupportedMediaTypeError,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_origin import SAFE_METHODS
from onsale.service.ticketing.driving_adapter.schema.fields import RequestModel

REF = "#/components/schemas/{name}"
PROBLEM_REF = {"$ref": REF.format(name="ProblemBody")}
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]
_JSON = "application/json"
_BODY_PROBLEMS = (
    MalformedJsonError,
    BodyTimeoutError,
    BodyTooLargeError,
    UnsupportedMediaTypeError,
    InvalidRequestError,
    TooManyBodiesError,
)

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call answers when all is well; ``schema`` is a msgspec struct, of the data of each
    event where ``events`` names those of a stream.
    """

    description: str
    schema: type | None = None
    media_type: str = _JSON
    events: Sequence[str] = ()

    def content_schema(self) -> dict[str, Any]:
        """The schema of the content; of a stream, that of one event."""
        assert self.schema is not None
        reference = {"$ref": REF.format(name=self.schema.__name__)}
        if not self.events:
            return reference if self.media_type == _JSON else {"type": "string"}
        return {
            "type": "object",
            "required": ["event", "data"],
            "properties": {
                "event": {"enum": list(self.events)},
                "data": {
                    "type": "string",
                    "contentMediaType": _JSON,
                    "contentSchema": reference,
                },
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """The documentation of one call. ``examples`` are bodies by title; ``problems`` are the errors
    that are this call's own, by class: those of sessions, bodies and parameters are added.
    ``has_own_bound``: what it waits for may take longer than an answer usually may. What does not
    ``needs_database`` is answered also while that stands still.
    """

    summary: str
    description: str = ""
    tag: str
    answers: Mapping[int, Answer]
    problems: Sequence[type[Exception]] = ()
    parameters: Sequence[Mapping[str, Any]] = ()
    body: type[RequestModel] | None = None
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    needs_session: bool = False
    has_own_bound: bool = False
    needs_database: bool = True

    def kinds(self, method: str) -> list[ProblemKind]:
        """Every problem that the call may answer, by status."""
        errors: list[type[Exception]] = [*self.problems, UnavailableError]
        if self.needs_session:
            errors.append(NotAuthenticatedError)
            if method not in SAFE_METHODS:
                errors.append(ForeignOriginError)
        if self.body is not None:
            errors.extend(_BODY_PROBLEMS)
        if self.parameters:
            errors.append(InvalidRequestError)
        kinds = {PROBLEMS[error] for error in errors} | {INTERNAL_ERROR}
        return sorted(kinds)

    def responses(self, method: str) -> dict[int | str, dict[str, Any]]:
        """The answers and problems in the words of OpenAPI."""
        responses: dict[int | str, dict[str, Any]] = {}
        for status, answer in self.answers.items():
            response: dict[str, Any] = {"description": answer.description}
            if answer.schema is not None:
                response["content"] = {answer.media_type: {"schema": answer.content_schema()}}
            responses[status] = response
        for kind in self.kinds(method):
            response = responses.setdefault(kind.status, {"description": ""})
            response["description"] += f"{'; ' if response['description'] else ''}`{kind.code}`"
            media = response.setdefault("content", {}).setdefault(
                MEDIA_TYPE, {"schema": PROBLEM_REF, "examples": {}}
            )
            media["examples"][kind.code] = {"value": _example_of(kind)}
        return responses

    def extra(self) -> dict[str, Any]:
        """What FastAPI cannot know of a plain function."""
        extra: dict[str, Any] = {}
        if self.needs_session:
            extra["security"] = SECURITY
        if self.parameters:
            extra["parameters"] = [dict(parameter) for parameter in self.parameters]
        if self.body is not None:
            extra["requestBody"] = {
                "required": True,
                "content": {
                    _JSON: {
                        "schema": {"$ref": REF.format(name=self.body.__name__)},
                        "examples": {
                            title: {"value": value} for title, value in self.examples.items()
                        },
                    }
                },
            }
        return extra


def _example_of(kind: ProblemKind) -> dict[str, Any]:
    return {
        "type": type_of(kind),
        "title": kind.title,
        "status": kind.status,
        "detail": kind.title + ".",
        "code": kind.code,
    }


class DirectRoute(APIRoute):
    """A documented route whose endpoint gets the request itself."""

    def __init__(
        self, method: str, path: str, endpoint: Endpoint, operation: Operation | None = None
    ) -> None:
        """A route without ``operation`` is not in the documentation."""
        self._direct = endpoint
        self._method = method
        self._has_own_bound = operation is not None and operation.has_own_bound
        self._needs_database = operation is not None and operation.needs_database
        if operation is None:
            super().__init__(path, endpoint, methods=[method], include_in_schema=False)
            return
        super().__init__(
            path,
            endpoint,
            methods=[method],
            response_class=Response,
            status_code=next(iter(operation.answers)),
            summary=operation.summary,
            description=operation.description or operation.summary,
            tags=[operation.tag],
            operation_id=endpoint.__name__,
            responses=operation.responses(method),
            openapi_extra=operation.extra(),
        )

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the endpoint; errors travel to the edge."""
        if scope["method"] != self._method:
            raise HTTPException(status_code=405)
        request = Request(scope, receive, send)
        if not self._needs_database:
            response = await self._direct(request)
        else:
            deadlines: Deadlines = scope["app"].state.deadlines
            with deadlines.answered_in_time(scope, has_own_bound=self._has_own_bound):
                response = await self._direct(request)
        await response(scope, receive, send)


def path_parameter(name: str, schema: Mapping[str, Any], example: object) -> dict[str, Any]:
    """A parameter in the path."""
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def query_parameter(name: str, schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    """A parameter in the query, which may be left out."""
    return {"name": name, "in": "query", "schema": schema, "description": description}
