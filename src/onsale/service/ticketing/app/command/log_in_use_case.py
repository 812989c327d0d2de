"""Begin a session."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_credentials import (
    IPasswordHasher,
    ITokenService,
    Session,
)
from onsale.service.ticketing.app.interface.i_user_repository import IUserRepository
from onsale.service.ticketing.domain.entity.user_entity import User, normalized_email
from onsale.service.ticketing.domain.exceptions import InvalidCredentialsError


@dataclass(frozen=True, slots=True)
class LogInUseCase:
    """Unknown address, wrong password and closed account look alike, also in time."""

    users: IUserRepository
    hasher: IPasswordHasher
    tokens: ITokenService

    async def execute(self, *, email: str, password: str, client: str = "") -> tuple[User, Session]:
        """The user and a new session; ``client`` is who asks, for the order of the work.

        Raises:
            InvalidCredentialsError: no active account has this address and password.
            UnavailableError: it cannot be told now.
        """
        user = await self.users.by_email(normalized_email(email))
        matches = await self.hasher.verify(password, user.hashed_password if user else None, client)
        if user is None or not matches or not user.is_active:
            raise InvalidCredentialsError
        return user, self.tokens.issue(user)
