"""What a scenario plays on."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.controls.taking_out import Edit
from tests.support.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Stage:
    """Real stores of this run's own; ``directory`` is empty."""

    pipeline: Pipeline
    database_url: str
    redis_url: str
    directory: Path


Play = Callable[[Stage], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard, why it is there, how it is taken out, and the play that goes wrong without it.

    The play returns the violations that its judge found: none as long as the guard is there.
    """

    name: str
    why: str
    edits: Sequence[Edit]
    play: Play
