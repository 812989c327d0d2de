"""Logging in tells nothing of accounts: neither in words nor in work."""

from datetime import UTC, datetime

import pytest

from onsale.service.ticketing.app.command.log_in_use_case import LogInUseCase
from onsale.service.ticketing.app.interface.i_credentials import Session
from onsale.service.ticketing.domain.entity.user_entity import Principal, User, UserRole
from onsale.service.ticketing.domain.exceptions import InvalidCredentialsError
from tests.fakes.in_memory_users import InMemoryUsers

PASSWORD = "correct horse"
SESSION = Session("a token", datetime(2030, 1, 1, tzinfo=UTC))


class CountingHasher:
    """Counts what it verifies: that is the work that a client could measure."""

    def __init__(self) -> None:
        self.verified: list[str | None] = []

    async def hash(self, password: str, client: str = "") -> str:
        return f"hash of {password}"

    async def verify(self, password: str, hashed_password: str | None, client: str = "") -> bool:
        self.verified.append(hashed_password)
        return hashed_password == f"hash of {password}"


class OneToken:
    def __init__(self) -> None:
        self.issued_to: list[User] = []

    def issue(self, user: User) -> Session:
        self.issued_to.append(user)
        return SESSION

    async def authenticate(self, token: str) -> Principal:
        raise AssertionError("nobody is authenticated by logging in")

    async def over(self, token: str) -> None:
        raise AssertionError("no session is watched by logging in")

    def expiry_of(self, token: str) -> datetime:
        return SESSION.expires_at


@pytest.fixture
def users() -> InMemoryUsers:
    return InMemoryUsers()


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def tokens() -> OneToken:
    return OneToken()


@pytest.fixture
async def log_in(users: InMemoryUsers, hasher: CountingHasher, tokens: OneToken) -> LogInUseCase:
    hashed = await hasher.hash(PASSWORD)
    for name in ("ada", "closed"):
        email = f"{name}@example.test"
        await users.add(email=email, name=name, role=UserRole.BUYER, hashed_password=hashed)
    users.deactivate(2)
    return LogInUseCase(users, hasher, tokens)


async def test_the_right_password_begins_a_session(
    log_in: LogInUseCase, hasher: CountingHasher, tokens: OneToken
) -> None:
    user, session = await log_in.execute(email="ADA@example.test", password=PASSWORD)

    assert (user.email, session) == ("ada@example.test", SESSION)
    assert tokens.issued_to == [user]
    assert len(hasher.verified) == 1


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.test", "wrong horse"),
        ("ada@example.test", "x" * 1_000),
        ("ada@example.test", ""),
        ("nobody@example.test", PASSWORD),
        ("nobody@example.test", "x" * 1_000),
        ("closed@example.test", PASSWORD),
        ("closed@example.test", "wrong horse"),
        ("not an address", PASSWORD),
        ("", ""),
    ],
)
async def test_whatever_is_wrong_exactly_one_password_is_verified_and_the_words_are_the_same(
    log_in: LogInUseCase, hasher: CountingHasher, tokens: OneToken, email: str, password: str
) -> None:
    with pytest.raises(InvalidCredentialsError) as refused:
        await log_in.execute(email=email, password=password)

    assert len(hasher.verified) == 1
    assert str(refused.value) == "E-mail address or password is wrong."
    assert refused.value.details == {}
    assert tokens.issued_to == []
