"""Passwords, hashed with bcrypt in threads of their own."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import bcrypt
from pwdlib.hashers.bcrypt import BcryptHasher

from onsale.platform.exceptions import UnavailableError

ROUNDS_DEFAULT = 12
THREAD_COUNT_DEFAULT = 2
# With a quarter of a second a hash, the last in the queue waits about eight seconds.
WAITING_COUNT_MAX = 64
PASSWORD_BYTES_MAX = 72
_DIGEST_LENGTH = 31

Result = TypeVar("Result")


class BcryptPasswordHasher:
    """Implements ``IPasswordHasher``. The queue is bounded, so a flood of log-ins costs memory and
    patience, never the event loop.
    """

    def __init__(
        self, *, rounds: int = ROUNDS_DEFAULT, thread_count: int = THREAD_COUNT_DEFAULT
    ) -> None:
        """``rounds`` is the cost as a power of two."""
        self._bcrypt = BcryptHasher(rounds)
        # A hash that no password has, with the same cost: what is verified for unknown accounts.
        self._nobodys_hash = bcrypt.gensalt(rounds).decode() + "." * _DIGEST_LENGTH
        self._executor = ThreadPoolExecutor(thread_count, thread_name_prefix="password-hash")
        self._places = threading.BoundedSemaphore(thread_count + WAITING_COUNT_MAX)

    async def hash(self, password: str) -> str:
        if not _is_hashable(password):
            raise ValueError(f"a password has at most {PASSWORD_BYTES_MAX} bytes and no NUL")
        return await self._run(lambda: self._bcrypt.hash(password))

    async def verify(self, password: str, hashed_password: str | None) -> bool:
        if hashed_password is not None and _is_hashable(password):
            known = hashed_password
            return await self._run(lambda: self._bcrypt.verify(password, known))
        # What cannot match is compared all the same, so that the time tells nothing.
        await self._run(lambda: self._bcrypt.verify("", self._nobodys_hash))
        return False

    def close(self) -> None:
        """End the threads; hashes that wait are given up."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], Result]) -> Result:
        if not self._places.acquire(blocking=False):
            raise UnavailableError("password-hashing", "too many are waiting")
        try:
            future = self._executor.submit(work)
        except BaseException:
            self._places.release()
            raise
        # Of the thread's future: a caller that goes away does not end the work it has begun.
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: Future[Result]) -> None:
        self._places.release()


def _is_hashable(password: str) -> bool:
    return "\0" not in password and len(password.encode()) <= PASSWORD_BYTES_MAX
