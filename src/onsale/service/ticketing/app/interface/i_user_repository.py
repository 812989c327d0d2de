"""The port to accounts and to the sessions that were ended."""

from datetime import datetime
from typing import Protocol

from onsale.service.ticketing.domain.entity.user_entity import User, UserRole


class IUserRepository(Protocol):
    """Accounts, found by id or by e-mail address in its normalized form."""

    async def add(self, *, email: str, name: str, role: UserRole, hashed_password: str) -> User:
        """Store a new account.

        Raises:
            EmailTakenError: the address belongs to an account already.
        """
        ...

    async def by_email(self, email: str) -> User | None:
        """The account of this address."""
        ...

    async def by_id(self, user_id: int) -> User | None:
        """The account of this id."""
        ...

    async def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        """Remember until ``expires_at`` that the token was given up."""
        ...


class IRevocations(Protocol):
    """What the token service polls to know which tokens are good no longer."""

    async def revoked_since(self, moment: datetime | None) -> list[tuple[str, datetime]]:
        """Tokens given up since ``moment`` (all unexpired ones for ``None``), with their expiry."""
        ...

    async def deactivated_users(self) -> frozenset[int]:
        """Accounts that are closed at present."""
        ...
