"""Takes a guard out of the running code: one fragment of SQL, Lua, Python or schema at a time.

Each of these fails if the fragment is not there, exactly once: a control of a guard that has moved
must not pass for one that was taken out.
"""

import inspect
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol
from unittest import mock

import asyncpg

from onsale.service.seat_reservation.driven_adapter.seat_store import redis_seat_store


class GuardGoneError(AssertionError):
    """What was to be taken out is not there."""


class Edit(Protocol):
    """One fragment that is replaced by another."""

    def patch(self, stack: ExitStack) -> None:
        """Take the fragment out until the stack is unwound."""
        ...

    def describe(self) -> str:
        """What is replaced by what, in Markdown on one line."""
        ...


@dataclass(frozen=True, slots=True)
class InStatement:
    """In a named SQL statement of the module that loaded it."""

    module: ModuleType
    statement: str
    text: str
    instead: str = ""

    def patch(self, stack: ExitStack) -> None:
        edit = edited_statements(self.module, self.statement, self.text, self.instead)
        stack.enter_context(edit)

    def describe(self) -> str:
        return _described(f"SQL `{self.statement}`", self.text, self.instead)


@dataclass(frozen=True, slots=True)
class InScript:
    """In the Lua script that decides."""

    text: str
    instead: str = ""

    def patch(self, stack: ExitStack) -> None:
        edited = _edited(redis_seat_store.apply_seat_commands_script(), self.text, self.instead)
        stack.enter_context(
            mock.patch.object(redis_seat_store, "apply_seat_commands_script", return_value=edited)
        )

    def describe(self) -> str:
        return _described("the script", self.text, self.instead)


@dataclass(frozen=True, slots=True)
class InMethod:
    """In the source of a method, which is compiled anew in its own module; ``text`` is indented as
    if the method stood at the left margin. ``said`` describes what is too long to be shown.
    """

    owner: type
    method: str
    text: str
    instead: str
    said: str | None = None

    def patch(self, stack: ExitStack) -> None:
        function = inspect.unwrap(getattr(self.owner, self.method))
        source = textwrap.dedent(inspect.getsource(function))
        namespace: dict[str, object] = {}
        code = compile(_edited(source, self.text, self.instead), inspect.getfile(function), "exec")
        exec(code, function.__globals__, namespace)  # noqa: S102 - our own source
        stack.enter_context(
            mock.patch.object(self.owner, self.method, namespace[function.__name__])
        )

    def describe(self) -> str:
        where = f"`{self.owner.__name__}.{self.method}`"
        if self.said is not None:
            return f"{where}: {self.said}"
        return _described(where, self.text, self.instead)


@dataclass(frozen=True, slots=True)
class WithoutConstraint:
    """A constraint of a table; taken out of the database of the test."""

    table: str
    constraint: str

    def patch(self, stack: ExitStack) -> None:
        """Nothing of the code changes."""

    def describe(self) -> str:
        return f"constraint `{self.constraint}` of table `{self.table}` dropped"

    async def drop(self, pool: asyncpg.Pool) -> None:
        """An unknown constraint is an error of the database's."""
        await pool.execute(f'ALTER TABLE "{self.table}" DROP CONSTRAINT "{self.constraint}"')


@dataclass(frozen=True, slots=True)
class WithoutIndex:
    """A unique index; taken out of the database of the test."""

    index: str

    def patch(self, stack: ExitStack) -> None:
        """Nothing of the code changes."""

    def describe(self) -> str:
        return f"unique index `{self.index}` dropped"

    async def drop(self, pool: asyncpg.Pool) -> None:
        """An unknown index is an error of the database's."""
        await pool.execute(f'DROP INDEX "{self.index}"')


InSchema = WithoutConstraint | WithoutIndex


@contextmanager
def edited_statements(
    module: ModuleType, statement: str, text: str, instead: str
) -> Iterator[None]:
    """Run the block with another text in a named statement; its first place is replaced."""
    statements = module._SQL
    edited = _edited(statements[statement], text, instead)
    with mock.patch.object(module, "_SQL", {**statements, statement: edited}):
        yield


@contextmanager
def taken_out(edits: Sequence[Edit]) -> Iterator[None]:
    """Run the block without these fragments."""
    with ExitStack() as stack:
        for edit in edits:
            edit.patch(stack)
        yield


def _edited(source: str, text: str, instead: str) -> str:
    count = source.count(text)
    if count != 1:
        raise GuardGoneError(f"{text!r} stands {count} times in what it was to be taken out of")
    return source.replace(text, instead)


def _described(where: str, text: str, instead: str) -> str:
    before, after = (" ".join(each.split()) for each in (text, instead))
    return f"{where}: `{before}` → " + (f"`{after}`" if after else "nothing")
