"""Accounts and sessions as clients see them."""

import msgspec
from pydantic import Field

from onsale.service.ticketing.app.interface.i_credentials import Session
from onsale.service.ticketing.domain.entity.user_entity import User, UserRole
from onsale.service.ticketing.driving_adapter.schema.fields import (
    AnyPassword,
    Email,
    Name,
    NewPassword,
    RequestModel,
    ShortText,
    Word,
)


class RegisterRequest(RequestModel):
    """A new account."""

    email: Email = Field(examples=["ada@example.com"])
    password: NewPassword = Field(
        description="8 characters to 72 bytes (UTF-8)", examples=["correct horse"]
    )
    name: Name = Field(examples=["Ada"])
    role: Word[UserRole]


class LogInRequest(RequestModel):
    """E-mail address and password. What cannot belong to an account is merely wrong."""

    email: ShortText = Field(examples=["ada@example.com"])
    password: AnyPassword = Field(examples=["correct horse"])


class UserBody(msgspec.Struct, frozen=True, kw_only=True):
    """An account."""

    id: int
    email: str
    name: str
    role: UserRole
    is_active: bool


class CurrentUserBody(msgspec.Struct, frozen=True):
    """The account whose session a request has, or null."""

    user: UserBody | None


class SessionBody(UserBody, frozen=True, kw_only=True):
    """An account and the token of a new session of it."""

    access_token: str


def user_body(user: User) -> UserBody:
    """The account, without its secrets."""
    return UserBody(
        id=user.id, email=user.email, name=user.name, role=user.role, is_active=user.is_active
    )


def session_body(user: User, session: Session) -> SessionBody:
    """The account with the token for ``Authorization: Bearer``."""
    return SessionBody(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        is_active=user.is_active,
        access_token=session.token,
    )
