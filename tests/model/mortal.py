"""Processes that die between any two calls to the outside."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar, cast

UseCase = TypeVar("UseCase")


class ProcessDiedError(Exception):
    """The process is gone; whatever it had not committed or sent is gone with it."""


@dataclass(slots=True)
class Fuse:
    """Burns down by one at either side of each call; ``length`` ``None``: nothing happens.

    At its end the process dies, unless something is to happen ``meanwhile``: then that runs to its
    end before the process goes on.
    """

    length: int | None = None
    meanwhile: Callable[[], Awaitable[None]] | None = None

    def clear(self) -> None:
        """Nothing happens any more."""
        self.length, self.meanwhile = None, None

    def burn(self) -> None:
        """Die if this is the end."""
        if not self.length:
            if self.length is not None and self.meanwhile is None:
                raise ProcessDiedError
            return
        self.length -= 1

    async def burn_and_wait(self) -> None:
        """Die if this is the end, or let pass what is to happen here."""
        if self.length == 0 and self.meanwhile is not None:
            meanwhile = self.meanwhile
            self.clear()
            await meanwhile()
        self.burn()


class _MortalPort:
    """A port whose caller may die before a call or after it."""

    def __init__(self, port: object, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._port, name)
        if not callable(found):
            return found
        if inspect.iscoroutinefunction(found):
            return self._dying_later(found)

        def call(*args: object, **named: object) -> object:
            self._fuse.burn()
            result = found(*args, **named)
            self._fuse.burn()
            return result

        return call

    def _dying_later(
        self, function: Callable[..., Awaitable[object]]
    ) -> Callable[..., Awaitable[object]]:
        async def call(*args: object, **named: object) -> object:
            await self._fuse.burn_and_wait()
            result = await function(*args, **named)
            await self._fuse.burn_and_wait()
            return result

        return call


def mortal(use_case: UseCase, fuse: Fuse) -> UseCase:
    """A new object of the same use case, all of whose ports share the fuse."""
    assert is_dataclass(use_case)
    assert not isinstance(use_case, type)
    ports: dict[str, Any] = {}
    for each in fields(use_case):
        part = getattr(use_case, each.name)
        if not type(part).__module__.startswith("onsale.") or callable(part):
            continue
        # A part that is a use case's helper is taken apart in its turn: it has ports of its own.
        ports[each.name] = mortal(part, fuse) if is_dataclass(part) else _MortalPort(part, fuse)
    return cast("UseCase", replace(use_case, **ports))
