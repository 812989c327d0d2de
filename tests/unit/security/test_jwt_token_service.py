"""Session tokens: forged, expired and given-up ones let nobody in."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.domain.entity.user_entity import Principal, User, UserRole
from onsale.service.ticketing.domain.exceptions import NotAuthenticatedError
from onsale.service.ticketing.driven_adapter.security import jwt_token_service
from onsale.service.ticketing.driven_adapter.security.jwt_token_service import JwtTokenService
from onsale.service.ticketing.driven_adapter.security.revoked_tokens import (
    FRESH_SECONDS,
    FULL_READ_SECONDS,
)
from tests.fakes.in_memory_users import InMemoryUsers
from tests.servers.waiting import eventually
from tests.support.tasks import background

SECRET = b"0123456789abcdef0123456789abcdef"
ADA = User(7, "ada@example.test", "Ada", UserRole.BUYER, True, "")  # noqa: FBT003


@dataclass
class Clock:
    """Both clocks, which go only when they are moved."""

    time: datetime = datetime(2030, 1, 1, 12, tzinfo=UTC)
    seconds: float = 1_000.0

    def go_on(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass
class Sessions:
    clock: Clock = field(default_factory=Clock)
    users: InMemoryUsers = field(default_factory=InMemoryUsers)

    def __post_init__(self) -> None:
        self.tokens = self.service()

    def service(self, secret: bytes = SECRET) -> JwtTokenService:
        return JwtTokenService(
            secret,
            self.users,
            lifetime=timedelta(hours=1),
            now=lambda: self.clock.time,
            monotonic=lambda: self.clock.seconds,
            new_id=uuid4,
        )


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


def fail(error: Exception) -> None:
    raise error


async def test_a_token_tells_who_presents_it_until_it_expires(sessions: Sessions) -> None:
    session = sessions.tokens.issue(ADA)

    principal = await sessions.tokens.authenticate(session.token)

    assert (principal.user_id, principal.role) == (7, UserRole.BUYER)
    assert sessions.tokens.expiry_of(session.token) == session.expires_at
    assert session.expires_at == sessions.clock.time + timedelta(hours=1)
    sessions.clock.go_on(3_599)
    assert await sessions.tokens.authenticate(session.token) == principal
    sessions.clock.go_on(1)
    with pytest.raises(NotAuthenticatedError):
        await sessions.tokens.authenticate(session.token)


async def test_every_session_has_a_name_of_its_own(sessions: Sessions) -> None:
    first, second = [
        await sessions.tokens.authenticate(sessions.tokens.issue(ADA).token) for _ in range(2)
    ]

    assert first.token_id != second.token_id


async def test_another_process_with_the_secret_knows_the_token(sessions: Sessions) -> None:
    token = sessions.tokens.issue(ADA).token

    assert (await sessions.service().authenticate(token)).user_id == 7
    with pytest.raises(NotAuthenticatedError):
        await sessions.service(SECRET[::-1]).authenticate(token)


def test_a_short_secret_is_refused(sessions: Sessions) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        sessions.service(SECRET[:-1])


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
async def test_only_the_one_algorithm_counts(sessions: Sessions, algorithm: str) -> None:
    claims = jwt.decode(sessions.tokens.issue(ADA).token, options={"verify_signature": False})
    token = jwt.encode(claims, None if algorithm == "none" else SECRET * 2, algorithm=algorithm)

    with pytest.raises(NotAuthenticatedError):
        await sessions.tokens.authenticate(token)


async def test_a_changed_token_is_forged(sessions: Sessions) -> None:
    token = sessions.tokens.issue(ADA).token
    await sessions.tokens.authenticate(token)
    header, payload, signature = token.split(".")
    other = sessions.tokens.issue(ADA).token.split(".")

    for forged in (
        f"{header}.{other[1]}.{signature}",
        f"{header}.{payload}.{other[2]}",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f".{payload}.{signature}",
        token + ".x",
        token[:-10],
        "",
        ".",
        "..",
        "a.b.c",
        "ünïcödé",
        "W1" * 1_000,
    ):
        with pytest.raises(NotAuthenticatedError):
            await sessions.tokens.authenticate(forged)
        with pytest.raises(NotAuthenticatedError):
            sessions.tokens.expiry_of(forged)


async def test_what_is_remembered_of_tokens_is_bounded(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwt_token_service, "REMEMBERED_COUNT_MAX", 3)

    for token in [sessions.tokens.issue(ADA).token for _ in range(5)] * 2:
        await sessions.tokens.authenticate(token)

    assert len(sessions.tokens._known) == 3


async def give_up(sessions: Sessions, token: str) -> Principal:
    principal = await sessions.tokens.authenticate(token)
    await sessions.users.revoke_token(principal.token_id, sessions.tokens.expiry_of(token))
    return principal


async def test_a_token_that_was_given_up_is_good_for_five_seconds_more_at_most(
    sessions: Sessions,
) -> None:
    token, other = [sessions.tokens.issue(ADA).token for _ in range(2)]
    await give_up(sessions, token)

    sessions.clock.go_on(FRESH_SECONDS + 0.001)

    with pytest.raises(NotAuthenticatedError):
        await sessions.tokens.authenticate(token)
    assert (await sessions.tokens.authenticate(other)).user_id == 7


async def test_a_closed_account_is_shut_out_and_let_in_again(sessions: Sessions) -> None:
    user = await sessions.users.add(
        email="eve@example.test", name="Eve", role=UserRole.SELLER, hashed_password=""
    )
    token = sessions.tokens.issue(user).token
    await sessions.tokens.authenticate(token)

    sessions.users.deactivate(user.id)
    sessions.clock.go_on(FRESH_SECONDS + 1)
    with pytest.raises(NotAuthenticatedError):
        await sessions.tokens.authenticate(token)

    sessions.users.users[user.id] = user
    sessions.clock.go_on(FRESH_SECONDS + 1)
    assert (await sessions.tokens.authenticate(token)).user_id == user.id


async def test_the_poll_keeps_up_so_that_no_request_has_to_ask(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "onsale.service.ticketing.driven_adapter.security.revoked_tokens.POLL_SECONDS", 0.001
    )
    token = sessions.tokens.issue(ADA).token
    async with background(sessions.tokens.run(fail)):
        principal = await give_up(sessions, token)
        await eventually(lambda: sessions.tokens._revoked.includes(principal))

        with pytest.raises(NotAuthenticatedError):
            await sessions.tokens.authenticate(token)


async def test_a_poll_that_fails_is_told_and_tried_again(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "onsale.service.ticketing.driven_adapter.security.revoked_tokens.POLL_SECONDS", 0.001
    )
    token = sessions.tokens.issue(ADA).token
    principal = await give_up(sessions, token)
    sessions.users.failure = UnavailableError("postgresql")
    errors: list[Exception] = []
    async with background(sessions.tokens.run(errors.append)):
        await eventually(lambda: len(errors) > 1)
        assert not sessions.tokens._revoked.includes(principal)
        sessions.users.failure = None
        await eventually(lambda: sessions.tokens._revoked.includes(principal))

        with pytest.raises(NotAuthenticatedError):
            await sessions.tokens.authenticate(token)


async def test_knowledge_that_is_too_old_lets_nobody_in(sessions: Sessions) -> None:
    token = sessions.tokens.issue(ADA).token
    await sessions.tokens.authenticate(token)
    sessions.users.failure = UnavailableError("postgresql")

    sessions.clock.go_on(FRESH_SECONDS - 1)
    await sessions.tokens.authenticate(token)
    sessions.clock.go_on(2)
    with pytest.raises(UnavailableError):
        await sessions.tokens.authenticate(token)


async def test_all_who_wait_share_one_read(sessions: Sessions) -> None:
    token = sessions.tokens.issue(ADA).token

    await asyncio.gather(*(sessions.tokens.authenticate(token) for _ in range(100)))

    assert len(sessions.users.read_since) == 1


async def test_one_who_leaves_does_not_take_the_read_from_the_others(sessions: Sessions) -> None:
    token = sessions.tokens.issue(ADA).token
    first, second = [asyncio.create_task(sessions.tokens.authenticate(token)) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()

    assert (await second).user_id == 7


async def test_reads_overlap_and_now_and_then_everything_is_read(sessions: Sessions) -> None:
    token = sessions.tokens.issue(ADA).token
    began_at = sessions.clock.time

    await sessions.tokens.authenticate(token)
    sessions.clock.go_on(FRESH_SECONDS + 1)
    await sessions.tokens.authenticate(token)
    sessions.clock.go_on(FULL_READ_SECONDS + 1)
    await sessions.tokens.authenticate(token)

    # A log-out may be committed a minute after a later one was read, and clocks disagree.
    a_minute_before = began_at - timedelta(seconds=60)
    assert sessions.users.read_since == [None, a_minute_before, None]
