"""Connections of redis-py whose commands can be cancelled at any moment."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from typing_extensions import override

if TYPE_CHECKING:
    _Base = AbstractConnection
else:
    _Base = object


class CancellableSending(_Base):
    """Sends with a time-out that does not swallow a cancellation.

    The library waits with ``asyncio.wait_for``, which on Python 3.11 returns normally when the
    command is written in the very turn in which its task is cancelled. The task then goes on as if
    nobody had ended it: a lease was renewed for ever for a batch that was long done, and a process
    that was told to stop never did.
    """

    @override
    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        if not self.is_connected:
            await self.connect_check_health(check_health=False)
        if check_health:
            await self.check_health()  # type: ignore[no-untyped-call]
        if isinstance(command, str):
            command = command.encode()
        try:
            async with asyncio.timeout(self.socket_timeout):
                await self._send_packed_command(
                    [command] if isinstance(command, bytes) else command
                )
        except TimeoutError:
            await self.disconnect(nowait=True)
            raise RedisTimeoutError("Timeout writing to socket") from None
        except OSError as error:
            await self.disconnect(nowait=True)
            raise RedisConnectionError(f"Error while writing to socket: {error}") from error
        except BaseException:
            # Cancelled, above all: half a command may be out, and nothing can follow it here.
            await self.disconnect(nowait=True)
            raise


def make_cancellable(pool: ConnectionPool) -> None:
    """The pool's connections, none of which may exist yet, send as above."""
    kind = pool.connection_class
    pool.connection_class = type(f"Cancellable{kind.__name__}", (CancellableSending, kind), {})
