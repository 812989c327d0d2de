"""Accounts and sessions: ``/api/user``."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.domain.entity.user_entity import User
from onsale.service.ticketing.domain.exceptions import (
    EmailTakenError,
    InvalidCredentialsError,
    NotAuthenticatedError,
)
from onsale.service.ticketing.driving_adapter.http_controller.authentication import (
    Authenticator,
    clear_session_cookie,
    set_session_cookie,
    token_of,
)
from onsale.service.ticketing.driving_adapter.http_controller.http_services import HttpServices
from onsale.service.ticketing.driving_adapter.http_controller.json_body import read_json
from onsale.service.ticketing.driving_adapter.http_controller.json_response import JsonResponse
from onsale.service.ticketing.driving_adapter.http_controller.operation import (
    Answer,
    DirectRoute,
    Operation,
)
from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import client_of
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    RateLimitedError,
)
from onsale.service.ticketing.driving_adapter.schema.user_schema import (
    CurrentUserBody,
    LogInRequest,
    RegisterRequest,
    SessionBody,
    UserBody,
    session_body,
    user_body,
)

TAG = "users"
_ADA = {"email": "ada@example.com", "password": "correct horse", "name": "Ada", "role": "buyer"}
_BOB = {"email": "bob@example.com", "password": "battery staple", "name": "Bob", "role": "seller"}

REGISTER = Operation(
    summary="Open an account",
    description="As a `buyer` or a `seller`. E-mail addresses compare without case.",
    tag=TAG,
    body=RegisterRequest,
    examples={"a buyer": _ADA, "a seller": _BOB},
    answers={201: Answer(description="The account", schema=UserBody)},
    problems=[EmailTakenError, RateLimitedError],
    has_own_bound=True,
)
LOG_IN = Operation(
    summary="Begin a session",
    description=(
        "Sets an httpOnly cookie, and answers the token for `Authorization: Bearer` as well. Too "
        "many wrong passwords in a row answer `RATE_LIMITED` for a few minutes."
    ),
    tag=TAG,
    body=LogInRequest,
    examples={
        "the buyer": {"email": _ADA["email"], "password": _ADA["password"]},
        "the seller": {"email": _BOB["email"], "password": _BOB["password"]},
    },
    answers={200: Answer(description="The account and its token", schema=SessionBody)},
    problems=[InvalidCredentialsError, RateLimitedError],
    has_own_bound=True,
)
LOG_OUT = Operation(
    summary="End the session",
    description="The token is good for 5 seconds more at most, in every process.",
    tag=TAG,
    answers={204: Answer(description="Ended")},
    needs_session=True,
)
ME = Operation(
    summary="Whose session it is",
    tag=TAG,
    answers={200: Answer(description="The account", schema=UserBody)},
    needs_session=True,
)
SESSION = Operation(
    summary="Whose session it is, if there is one",
    description=(
        "For pages that are for everybody: having no session, or one that is over, is no error "
        "here. `GET /api/user/me` refuses both."
    ),
    tag=TAG,
    answers={200: Answer(description="The account, or null", schema=CurrentUserBody)},
)


class UserController:
    """Registers, logs in and out."""

    def __init__(self, services: HttpServices, authenticator: Authenticator) -> None:
        self._services = services
        self._authenticator = authenticator
        self._limits = services.rate_limits

    def routes(self) -> Sequence[DirectRoute]:
        """The calls and their documentation."""
        return (
            DirectRoute("POST", "/api/user", self.register, REGISTER),
            DirectRoute("POST", "/api/user/login", self.log_in, LOG_IN),
            DirectRoute("POST", "/api/user/logout", self.log_out, LOG_OUT),
            DirectRoute("GET", "/api/user/me", self.get_current_user, ME),
            DirectRoute("GET", "/api/user/session", self.get_session, SESSION),
        )

    async def register(self, request: Request) -> Response:
        """Open an account, unless too many come from there."""
        client = client_of(request)
        self._limits.registration_from(client)
        body = await read_json(request, RegisterRequest)
        user = await self._services.register_user.execute(
            email=body.email,
            password=body.password.get_secret_value(),
            name=body.name,
            role=body.role,
            client=client,
        )
        return JsonResponse(user_body(user), 201)

    async def log_in(self, request: Request) -> Response:
        """Begin a session, unless too many attempts failed before."""
        client = client_of(request)
        self._limits.log_in_from(client)
        body = await read_json(request, LogInRequest)
        self._limits.log_in_to(body.email, client)
        try:
            user, session = await self._services.log_in.execute(
                email=body.email, password=body.password.get_secret_value(), client=client
            )
        except UnavailableError:
            self._limits.log_in_undecided(body.email, client)
            raise
        self._limits.log_in_succeeded(body.email, client)
        response = JsonResponse(session_body(user, session))
        set_session_cookie(request, response, session)
        return response

    async def log_out(self, request: Request) -> Response:
        """End the session that the request presents."""
        principal = await self._authenticator.principal(request)
        await self._services.log_out.execute(principal, token_of(request))
        response = Response(status_code=204, headers={"cache-control": "no-store"})
        clear_session_cookie(request, response)
        return response

    async def get_current_user(self, request: Request) -> Response:
        """Whose session it is."""
        return JsonResponse(user_body(await self._current_user(request)))

    async def get_session(self, request: Request) -> Response:
        """Whose session it is; that it is nobody's is an answer."""
        try:
            user = user_body(await self._current_user(request))
        except NotAuthenticatedError:
            user = None
        return JsonResponse(CurrentUserBody(user))

    async def _current_user(self, request: Request) -> User:
        principal = await self._authenticator.principal(request)
        return await self._services.get_current_user.execute(principal)
