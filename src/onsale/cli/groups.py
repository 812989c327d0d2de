"""Groups of commands, whose help shows no type of what is a flag: there is nothing to type."""

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

CommandFunction = TypeVar("CommandFunction", bound=Callable[..., Any])


def _without_types_of_flags(options: list[Any]) -> list[Any]:
    for option in options:
        if getattr(option, "is_bool_flag", False):
            option.metavar = ""
    return options


class Command(TyperCommand):
    """One command."""

    @override
    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types_of_flags(super().get_params(ctx))


class Group(TyperGroup):
    """A group, which has flags of its own."""

    @override
    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types_of_flags(super().get_params(ctx))


class Commands(typer.Typer):
    """Puts such commands and groups together."""

    def __init__(self, *, cls: type[Group] = Group, **options: Any) -> None:  # noqa: ANN401 - Typer's own
        super().__init__(cls=cls, **options)

    @override
    def command(
        self, name: str | None = None, **options: Any
    ) -> Callable[[CommandFunction], CommandFunction]:
        return super().command(name, cls=Command, **options)
