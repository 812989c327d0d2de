"""Who makes a request: from the ``Authorization`` header, else from the session cookie."""

from starlette.requests import Request
from starlette.responses import Response

from onsale.service.ticketing.app.interface.i_credentials import ITokenService, Session
from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.exceptions import NotAuthenticatedError
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    ForeignOriginError,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_origin import (
    SAFE_METHODS,
    is_from_another_site,
    is_on_this_machine,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_values import header_of

COOKIE_NAME = "onsale_session"


class Authenticator:
    """Asked first by every call that needs a session, before anything of the body is looked at."""

    def __init__(self, tokens: ITokenService) -> None:
        self._tokens = tokens

    async def principal(self, request: Request) -> Principal:
        """Who makes the request.

        Raises:
            NotAuthenticatedError: nobody, or with a token that is not good.
            ForeignOriginError: another site makes a browser change something with its cookie.
            UnavailableError: it cannot be told now.
        """
        return await self._tokens.authenticate(token_of(request))

    async def session_over(self, request: Request) -> None:
        """Return once the session of an authenticated request is over."""
        await self._tokens.over(token_of(request))

    async def require(self, request: Request, role: UserRole) -> Principal:
        """Who makes the request, who must have the role.

        Raises:
            NotAuthenticatedError, ForeignOriginError, UnavailableError: as above.
            ForbiddenRoleError: another role.
        """
        principal = await self.principal(request)
        RoleAuthService.require_role(principal, role)
        return principal


def token_of(request: Request) -> str:
    """The token that the request presents. A header counts, good or not; then the cookie.

    Raises:
        NotAuthenticatedError: there is none, or the header has another form.
        ForeignOriginError: a browser added the cookie to what another site makes it do.
    """
    header = header_of(request.scope, b"authorization")
    if header is None:
        token = request.cookies.get(COOKIE_NAME, "")
        # The cookie is also added to forms that pages of a sibling domain post, with no body or an
        # empty one; a header never is.
        if token and request.method not in SAFE_METHODS and is_from_another_site(request.scope):
            raise ForeignOriginError
    else:
        scheme, _, token = header.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer":
            raise NotAuthenticatedError
    if not token or not token.isascii():
        raise NotAuthenticatedError
    return token


def set_session_cookie(request: Request, response: Response, session: Session) -> None:
    """Keep the token where scripts cannot read it and other sites cannot send it."""
    response.set_cookie(
        COOKIE_NAME,
        session.token,
        expires=session.expires_at,
        httponly=True,
        samesite="lax",
        secure=not is_on_this_machine(request),
    )


def clear_session_cookie(request: Request, response: Response) -> None:
    """Make the browser forget the token."""
    response.delete_cookie(
        COOKIE_NAME, httponly=True, samesite="lax", secure=not is_on_this_machine(request)
    )
