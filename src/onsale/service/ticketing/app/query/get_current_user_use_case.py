"""The account behind a session."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_user_repository import IUserRepository
from onsale.service.ticketing.domain.entity.user_entity import Principal, User
from onsale.service.ticketing.domain.exceptions import NotAuthenticatedError


@dataclass(frozen=True, slots=True)
class GetCurrentUserUseCase:
    """Reads the account itself, not what the token says of it."""

    users: IUserRepository

    async def execute(self, principal: Principal) -> User:
        """The user.

        Raises:
            NotAuthenticatedError: the account is gone or was deactivated.
        """
        user = await self.users.by_id(principal.user_id)
        if user is None or not user.is_active:
            raise NotAuthenticatedError
        return user
