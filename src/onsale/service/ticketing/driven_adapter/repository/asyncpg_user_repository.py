"""Accounts, and the tokens that were given up."""

from datetime import datetime
from pathlib import Path

import asyncpg

from onsale.platform.database.connections import unavailable_on_connection_loss
from onsale.platform.database.sql_file import load_statements
from onsale.service.ticketing.domain.entity.user_entity import User, UserRole
from onsale.service.ticketing.domain.exceptions import EmailTakenError

_SQL = load_statements(Path(__file__).parent / "sql" / "user.sql")


class AsyncpgUserRepository:
    """See ``IUserRepository`` and ``IRevocations``."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def add(self, *, email: str, name: str, role: UserRole, hashed_password: str) -> User:
        async with unavailable_on_connection_loss():
            row = await self._pool.fetchrow(
                _SQL["insert"], email, name, role.value, hashed_password
            )
        if row is None:
            raise EmailTakenError
        return _user(row)

    async def by_email(self, email: str) -> User | None:
        async with unavailable_on_connection_loss():
            row = await self._pool.fetchrow(_SQL["by_email"], email)
        return None if row is None else _user(row)

    async def by_id(self, user_id: int) -> User | None:
        async with unavailable_on_connection_loss():
            row = await self._pool.fetchrow(_SQL["by_id"], user_id)
        return None if row is None else _user(row)

    async def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        async with unavailable_on_connection_loss():
            await self._pool.execute(_SQL["revoke_token"], token_id, expires_at)

    async def revoked_since(self, moment: datetime | None) -> list[tuple[str, datetime]]:
        async with unavailable_on_connection_loss():
            rows = await self._pool.fetch(_SQL["revoked_since"], moment)
        return [(row["token_id"], row["expires_at"]) for row in rows]

    async def deactivated_users(self) -> frozenset[int]:
        async with unavailable_on_connection_loss():
            rows = await self._pool.fetch(_SQL["deactivated_users"])
        return frozenset(row["id"] for row in rows)


def _user(row: asyncpg.Record) -> User:
    return User(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        role=UserRole(row["role"]),
        is_active=row["is_active"],
        hashed_password=row["hashed_password"],
    )
