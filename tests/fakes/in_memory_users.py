"""Accounts and given-up tokens in memory: both ports of ``i_user_repository``."""

from dataclasses import replace
from datetime import datetime

from onsale.service.ticketing.domain.entity.user_entity import User, UserRole
from onsale.service.ticketing.domain.exceptions import EmailTakenError


class InMemoryUsers:
    def __init__(self) -> None:
        self.users: dict[int, User] = {}
        self.given_up: list[tuple[str, datetime]] = []
        self.read_since: list[datetime | None] = []
        self.failure: Exception | None = None

    async def add(self, *, email: str, name: str, role: UserRole, hashed_password: str) -> User:
        if await self.by_email(email) is not None:
            raise EmailTakenError
        user = User(len(self.users) + 1, email, name, role, True, hashed_password)  # noqa: FBT003
        self.users[user.id] = user
        return user

    async def by_email(self, email: str) -> User | None:
        return next((user for user in self.users.values() if user.email == email), None)

    async def by_id(self, user_id: int) -> User | None:
        return self.users.get(user_id)

    async def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        self.given_up.append((token_id, expires_at))

    async def revoked_since(self, moment: datetime | None) -> list[tuple[str, datetime]]:
        self.read_since.append(moment)
        if self.failure is not None:
            raise self.failure
        return list(self.given_up)

    async def deactivated_users(self) -> frozenset[int]:
        return frozenset(user.id for user in self.users.values() if not user.is_active)

    def deactivate(self, user_id: int) -> None:
        self.users[user_id] = replace(self.users[user_id], is_active=False)
