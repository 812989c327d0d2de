"""Passwords, hashed with bcrypt in threads of their own, in turn for those who ask."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt
from pwdlib.hashers.bcrypt import BcryptHasher

from onsale.service.ticketing.driven_adapter.security.fair_queue import FairQueue

ROUNDS_DEFAULT = 12
THREAD_COUNT_DEFAULT = 2
PASSWORD_BYTES_MAX = 72
_DIGEST_LENGTH = 31

Result = TypeVar("Result")


class BcryptPasswordHasher:
    """Implements ``IPasswordHasher``. The queue is bounded and fair, so a flood of log-ins costs
    whoever makes it memory and patience, and neither the others nor the event loop anything.
    """

    def __init__(
        self, *, rounds: int = ROUNDS_DEFAULT, thread_count: int = THREAD_COUNT_DEFAULT
    ) -> None:
        """``rounds`` is the cost as a power of two."""
        self._bcrypt = BcryptHasher(rounds)
        self._rounds = rounds
        self._executor = ThreadPoolExecutor(thread_count, thread_name_prefix="password-hash")
        self._queue = FairQueue(self._executor, thread_count)

    async def hash(self, password: str, client: str = "") -> str:
        if not _is_hashable(password):
            raise ValueError(f"a password has at most {PASSWORD_BYTES_MAX} bytes and no NUL")
        return await self._run(lambda: self._bcrypt.hash(password), client)

    async def verify(self, password: str, hashed_password: str | None, client: str = "") -> bool:
        known = hashed_password if _is_hashable(password) else None
        return await self._run(lambda: self._verify(password, known), client)

    def close(self) -> None:
        """End the threads; hashes that wait are given up."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password: str, known: str | None) -> bool:
        """As much work in every case, so that the time tells nothing of accounts."""
        if known is None:
            self._bcrypt.verify("", _nobodys_hash(self._rounds))
            return False
        matches = self._bcrypt.verify(password, known)
        # A hash from a time of lower costs: each round doubles the work, so what is missing of
        # 2**rounds is 2**r for each r from its own cost on.
        for rounds in range(_rounds_of(known), self._rounds):
            self._bcrypt.verify("", _nobodys_hash(rounds))
        return matches

    async def _run(self, work: Callable[[], Result], client: str) -> Result:
        return await self._queue.run(work, client)


def _nobodys_hash(rounds: int) -> str:
    """A hash of this cost that no password has."""
    return bcrypt.gensalt(rounds).decode() + "." * _DIGEST_LENGTH


def _rounds_of(hashed_password: str) -> int:
    """The cost of a hash: ``$2b$12$…``."""
    return int(hashed_password.split("$")[2])


def _is_hashable(password: str) -> bool:
    return "\0" not in password and len(password.encode()) <= PASSWORD_BYTES_MAX
