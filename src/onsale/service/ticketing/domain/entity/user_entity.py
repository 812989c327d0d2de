"""A person with an account."""

from dataclasses import dataclass
from enum import StrEnum


class UserRole(StrEnum):
    """What an account is for; nobody can register as anything else."""

    BUYER = "buyer"
    SELLER = "seller"


@dataclass(frozen=True, slots=True)
class User:
    """An account; ``email`` is stored in lower case, so that addresses compare without case."""

    id: int
    email: str
    name: str
    role: UserRole
    is_active: bool
    hashed_password: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request; ``token_id`` is what a log-out revokes."""

    user_id: int
    role: UserRole
    token_id: str


def normalized_email(email: str) -> str:
    """The form in which e-mail addresses are stored and compared."""
    return email.strip().lower()
