"""End a session."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_credentials import ITokenService
from onsale.service.ticketing.app.interface.i_user_repository import IUserRepository
from onsale.service.ticketing.domain.entity.user_entity import Principal


@dataclass(frozen=True, slots=True)
class LogOutUseCase:
    """The token is good for a few seconds more, until every process has heard of it."""

    users: IUserRepository
    tokens: ITokenService

    async def execute(self, principal: Principal, token: str) -> None:
        """Give the token up."""
        await self.users.revoke_token(principal.token_id, self.tokens.expiry_of(token))
