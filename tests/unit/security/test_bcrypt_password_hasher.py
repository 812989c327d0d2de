"""Password hashing: right, equally slow for everybody, bounded, and never on the event loop."""

from collections.abc import Iterator

import pytest

from onsale.service.ticketing.driven_adapter.security.bcrypt_password_hasher import (
    BcryptPasswordHasher,
)


@pytest.fixture
def hasher() -> Iterator[BcryptPasswordHasher]:
    hasher = BcryptPasswordHasher(rounds=4, thread_count=1)
    yield hasher
    hasher.close()


@pytest.mark.parametrize("password", ["correct horse", "p" * 72, "é" * 36, " ", ""])
async def test_a_password_matches_its_own_hash_alone(
    hasher: BcryptPasswordHasher, password: str
) -> None:
    hashed = await hasher.hash(password)

    assert hashed.startswith("$2b$04$")
    assert hashed != await hasher.hash(password)
    assert await hasher.verify(password, hashed)
    assert not await hasher.verify(password + "x", hashed)


@pytest.mark.parametrize("password", ["p" * 73, "é" * 37, "correct\0horse", "x" * 100_000])
async def test_what_no_password_can_be_never_matches_and_is_never_hashed(
    hasher: BcryptPasswordHasher, password: str
) -> None:
    hashed = await hasher.hash(password.replace("\0", "")[:36])

    assert not await hasher.verify(password, hashed)
    with pytest.raises(ValueError, match="72 bytes"):
        await hasher.hash(password)


async def test_without_a_hash_as_much_is_computed_and_nothing_matches(
    hasher: BcryptPasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: list[str] = []
    verify = hasher._bcrypt.verify

    def counted(password: str | bytes, hashed: str | bytes) -> bool:
        costs.append(str(hashed)[:7])
        return verify(password, hashed)

    monkeypatch.setattr(hasher._bcrypt, "verify", counted)
    hashed = await hasher.hash("correct horse")

    for password, known in (("correct horse", hashed), ("", None), ("p" * 73, hashed)):
        await hasher.verify(password, known)
    assert not await hasher.verify("", None)

    assert costs == ["$2b$04$"] * 4


async def test_a_hash_of_a_lower_cost_takes_no_less_work_than_one_of_today(
    hasher: BcryptPasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_hash = await hasher.hash("correct horse")
    today = BcryptPasswordHasher(rounds=7, thread_count=1)
    work: list[int] = []
    verify = today._bcrypt.verify

    def counted(password: str | bytes, hashed: str | bytes) -> bool:
        work.append(2 ** int(str(hashed)[4:6]))
        return verify(password, hashed)

    monkeypatch.setattr(today._bcrypt, "verify", counted)
    try:
        assert await today.verify("correct horse", old_hash)
        assert sum(work) == 2**7
        assert not await today.verify("wrong horse", old_hash)
        assert sum(work) == 2 * 2**7
    finally:
        today.close()
