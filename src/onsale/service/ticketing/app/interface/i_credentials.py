"""The ports to password hashing and to session tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from onsale.service.ticketing.domain.entity.user_entity import Principal, User


class IPasswordHasher(Protocol):
    """Slow on purpose, so it never runs on the event loop. ``client`` is who asks for the work:
    clients take turns, so that one with much of it delays no other.

    Raises:
        UnavailableError: too much is waiting, or it did not come to its turn in time.
    """

    async def hash(self, password: str, client: str = "") -> str:
        """The salted hash of a password of at most 72 bytes."""
        ...

    async def verify(self, password: str, hashed_password: str | None, client: str = "") -> bool:
        """Whether they match; without a hash it takes the same time and says no."""
        ...


@dataclass(frozen=True, slots=True)
class Session:
    """A token as handed to the client, and until when it is good."""

    token: str
    expires_at: datetime


class ITokenService(Protocol):
    """Issues and reads the tokens of sessions."""

    def issue(self, user: User) -> Session:
        """A new session of this user."""
        ...

    async def authenticate(self, token: str) -> Principal:
        """Who presents the token.

        Raises:
            NotAuthenticatedError: forged, expired, given up, or its account was deactivated.
            UnavailableError: it is not known recently enough which tokens were given up.
        """
        ...

    async def over(self, token: str) -> None:
        """Return once a token is no longer good: forged, expired, given up, its account closed."""
        ...

    def expiry_of(self, token: str) -> datetime:
        """Until when a token that :meth:`authenticate` accepted would have been good."""
        ...
