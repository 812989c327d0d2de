"""What a row of a result looks like, whichever driver fetched it."""

from typing import Any, Protocol


class Row(Protocol):
    """Columns by name."""

    def __getitem__(self, column: str, /) -> Any:  # noqa: ANN401 - a column may hold anything
        ...
