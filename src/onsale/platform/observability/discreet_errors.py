"""What of an error may stand in a log.

PostgreSQL tells with an error the row that it refused, the driver the argument and SQLAlchemy the
statement with its parameters; a value that is no good is told by whoever looked at it. All of these
are somebody's data, so of such an error there is its class, and what names a part of the schema.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import ExcInfo
from typing_extensions import override

_QUOTING_LIBRARIES = ("asyncpg.", "sqlalchemy.", "pydantic_core.")
# Of PostgreSQL's own, by which what was refused can be found in the schema.
_NAMES = ("sqlstate", "constraint_name", "table_name", "column_name")


def discreet_words(error: BaseException) -> str:
    """What the error says, or its names alone where it may quote somebody's data."""
    if not _may_quote(error):
        return str(error)
    told = getattr(error, "orig", None) or error
    return ", ".join(
        f"{name} {value}" for name in _NAMES if (value := getattr(told, name, None)) is not None
    )


def discreet_name(error: BaseException) -> str:
    """The class of the error and its discreet words, as its ``repr`` would be."""
    return f"{type(error).__name__}({discreet_words(error)!r})"


class DiscreetTracebacks(ExceptionDictTransformer):
    """Frames and classes of an error, of all that caused it and of all in its groups, with discreet
    words; never the values of local variables, which may be passwords and card numbers.
    """

    def __init__(self) -> None:
        super().__init__(show_locals=False)

    @override
    def __call__(self, exc_info: ExcInfo) -> list[dict[str, Any]]:
        told = super().__call__(exc_info)
        _hush(told, exc_info[1])
        return told


def _may_quote(error: BaseException) -> bool:
    return any(each.__module__.startswith(_QUOTING_LIBRARIES) for each in type(error).__mro__)


def _hush(stacks: Sequence[dict[str, Any]], error: BaseException) -> None:
    # The library tells a chain in this order, and ends it where it comes round again.
    for stack, told in zip(stacks, _chain(error), strict=False):
        if _may_quote(told):
            stack["exc_value"], stack["exc_notes"] = discreet_words(told), []
        if isinstance(told, BaseExceptionGroup):
            for within, each in zip(stack["exceptions"], told.exceptions, strict=True):
                _hush(within, each)


def _chain(error: BaseException) -> Iterator[BaseException]:
    following: BaseException | None = error
    while following is not None:
        yield following
        cause, context = following.__cause__, following.__context__
        if cause is not None and cause.__traceback__:
            following = cause
        elif context is not None and context.__traceback__ and not following.__suppress_context__:
            following = context
        else:
            following = None
