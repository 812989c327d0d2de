"""Session tokens: JSON Web Tokens (HS256) that can be given up."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from onsale.service.ticketing.app.interface.i_credentials import Session
from onsale.service.ticketing.app.interface.i_user_repository import IRevocations
from onsale.service.ticketing.domain.entity.user_entity import Principal, User, UserRole
from onsale.service.ticketing.domain.exceptions import NotAuthenticatedError
from onsale.service.ticketing.driven_adapter.security.revoked_tokens import RevokedTokens

SECRET_BYTES_MIN = 32
TOKEN_LENGTH_MAX = 2_048
TOKEN_ID_LENGTH_MAX = 64
REMEMBERED_COUNT_MAX = 50_000
_ALGORITHM = "HS256"
_CLAIMS = ("sub", "role", "jti", "iat", "exp")


@dataclass(frozen=True, slots=True)
class _Known:
    """A token whose signature was checked; ``expires_at`` in seconds since 1970."""

    principal: Principal
    expires_at: int


class JwtTokenService:
    """Implements ``ITokenService``. Signatures are checked once per token and process; whether the
    token was given up is asked of :class:`RevokedTokens` every time.
    """

    def __init__(
        self,
        secret: bytes,
        revocations: IRevocations,
        *,
        lifetime: timedelta,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        new_id: Callable[[], object],
    ) -> None:
        """``new_id`` makes what names a token (its text has at most 64 characters)."""
        if len(secret) < SECRET_BYTES_MIN:
            raise ValueError(f"the secret of tokens needs {SECRET_BYTES_MIN} bytes or more")
        self._secret = secret
        self._lifetime = lifetime
        self._now = now
        self._new_id = new_id
        self._revoked = RevokedTokens(revocations, now=now, monotonic=monotonic)
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def issue(self, user: User) -> Session:
        issued_at = self._now()
        expires_at = (issued_at + self._lifetime).replace(microsecond=0)
        claims = {
            "sub": str(user.id),
            "role": user.role.value,
            "jti": str(self._new_id()),
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        return Session(jwt.encode(claims, self._secret, algorithm=_ALGORITHM), expires_at)

    async def authenticate(self, token: str) -> Principal:
        known = self._check(token)
        await self._revoked.be_current()
        if self._revoked.includes(known.principal):
            raise NotAuthenticatedError
        return known.principal

    async def over(self, token: str) -> None:
        try:
            known = self._check(token)
        except NotAuthenticatedError:
            return
        left_seconds = known.expires_at - self._now().timestamp()
        with suppress(TimeoutError):
            async with asyncio.timeout(left_seconds):
                await self._revoked.inclusion_of(known.principal)

    def expiry_of(self, token: str) -> datetime:
        return datetime.fromtimestamp(self._check(token).expires_at, UTC)

    async def run(self, on_error: Callable[[Exception], None]) -> None:
        """Keep up with tokens that are given up, until cancelled; ``on_error`` hears of faults that
        were survived.
        """
        await self._revoked.run(on_error)

    def _check(self, token: str) -> _Known:
        known = self._known.get(token)
        if known is None:
            known = self._decode(token)
            self._known[token] = known
            if len(self._known) > REMEMBERED_COUNT_MAX:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(token)
        if known.expires_at <= self._now().timestamp():
            del self._known[token]
            raise NotAuthenticatedError
        return known

    def _decode(self, token: str) -> _Known:
        if len(token) > TOKEN_LENGTH_MAX:
            raise NotAuthenticatedError
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                # Time is judged here, by the clock that was given.
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False},
            )
            return _read(claims)
        # Deep nesting in a forged header exhausts the JSON parser's stack.
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise NotAuthenticatedError from None


def _read(claims: dict[str, Any]) -> _Known:
    subject, token_id, expires_at = claims["sub"], claims["jti"], claims["exp"]
    if not (isinstance(subject, str) and subject.isascii() and subject.isdecimal()):
        raise ValueError("sub is not an id")
    if not (isinstance(token_id, str) and 0 < len(token_id) <= TOKEN_ID_LENGTH_MAX):
        raise ValueError("jti is not a name")
    if type(expires_at) is not int:
        raise ValueError("exp is not a time")
    return _Known(Principal(int(subject), UserRole(claims["role"]), token_id), expires_at)
