"""Open an account."""

from dataclasses import dataclass

from onsale.service.ticketing.app.interface.i_credentials import IPasswordHasher
from onsale.service.ticketing.app.interface.i_user_repository import IUserRepository
from onsale.service.ticketing.domain.entity.user_entity import User, UserRole, normalized_email


@dataclass(frozen=True, slots=True)
class RegisterUserUseCase:
    """Anyone may register, as a buyer or a seller."""

    users: IUserRepository
    hasher: IPasswordHasher

    async def execute(
        self, *, email: str, password: str, name: str, role: UserRole, client: str = ""
    ) -> User:
        """Store the account; ``client`` is who asks, for the order of the work.

        Raises:
            EmailTakenError: the address, in whatever case, belongs to an account already.
        """
        return await self.users.add(
            email=normalized_email(email),
            name=name,
            role=role,
            hashed_password=await self.hasher.hash(password, client),
        )
