"""Crashes between every two steps of a use case.

A use case is run on the real stores with every port it calls watched. Each call is a step; before
and after each lies a point at which the process can die. A first run without a crash counts the
points; then the use case is run once for each, and ends there as a process does: by an exception
that nothing but the very outside catches.
"""

import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, cast

Port = Any


class CrashError(BaseException):
    """The process is gone: no ``except Exception`` may stop this."""


@dataclass
class CrashPoints:
    """Counts what is passed, and crashes at one of them if told to."""

    crash_at: int | None = None
    passed: list[str] = field(default_factory=list)

    def pass_by(self, name: str) -> None:
        """One more point; the end of the process if it is the one."""
        self.passed.append(name)
        if len(self.passed) - 1 == self.crash_at:
            raise CrashError(name)

    def watch(self, name: str, port: Port) -> Port:
        """The port, with a point before and after each call of any of its methods."""
        return cast("Port", _Watched(self, name, port))


class _Watched:
    def __init__(self, points: CrashPoints, name: str, port: Port) -> None:
        self._points, self._name, self._port = points, name, port

    def __getattr__(self, attribute: str) -> object:
        value = getattr(self._port, attribute)
        if not callable(value):
            return value
        return _stepwise(self._points, f"{self._name}.{attribute}", value)


def _stepwise(points: CrashPoints, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(call):

        @wraps(call)
        async def step(*arguments: object, **named: object) -> object:
            points.pass_by(f"before {name}")
            result = await call(*arguments, **named)
            points.pass_by(f"after {name}")
            return result

        return step

    @wraps(call)
    def direct_step(*arguments: object, **named: object) -> object:
        points.pass_by(f"before {name}")
        result = call(*arguments, **named)
        points.pass_by(f"after {name}")
        return result

    return direct_step


async def run_until_crash(scene: Awaitable[object]) -> None:
    """Run it to its end or to its crash; whatever else it raises travels."""
    with suppress(CrashError):
        await scene
