"""What each client sent, when, and what it saw: the append-only record that the checker judges."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

JsonObject = dict[str, Any]

ACCEPTED = 202
OK = 200


CLOSED = "closed"
LEFT = "left"


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of a stream, and when it came."""

    at: float
    event: str
    body: JsonObject


@dataclass(slots=True, kw_only=True)
class Operation:
    """One request of one client, and its answer if one came.

    Times are seconds since the storm began. ``status`` is ``None`` as long as no answer has come;
    ``error`` then says what was seen in its place, and ``gave_up_at`` when. ``asked`` is the body
    that was sent, without the numbers of cards.

    A stream is answered when it begins. It is ``closed`` by the server or ``left`` by the client;
    where it broke, ``ended`` says how.
    """

    number: int
    client: str
    kind: str
    sent_at: float
    asked: JsonObject = field(default_factory=dict)
    key: str | None = None
    booking_id: str | None = None
    event_id: int | None = None
    allowed: tuple[int, ...] = ()
    answered_at: float | None = None
    gave_up_at: float | None = None
    status: int | None = None
    body: JsonObject = field(default_factory=dict)
    error: str | None = None
    frames: list[Frame] = field(default_factory=list)
    ended_at: float | None = None
    ended: str | None = None

    @property
    def code(self) -> str:
        """The problem's code; empty where the answer is no problem document."""
        return str(self.body.get("code", ""))

    @property
    def accepted_id(self) -> str | None:
        """The booking that this request was promised with a 202."""
        return self.booking_id if self.kind == "book" and self.status == ACCEPTED else None

    @property
    def is_unknown(self) -> bool:
        """Whether the client cannot know if its request had an effect."""
        return self.status is None or self.status >= 500  # noqa: PLR2004 - a server's error


class History:
    """Operations in the order in which they were sent; each line of the file is one half of one.

    ``began_at`` is the wall clock's time of second zero.
    """

    def __init__(self, path: Path) -> None:
        """``path`` is written from now on; what stood there is replaced."""
        self.operations: list[Operation] = []
        self._began = time.monotonic()
        self.began_at = datetime.now(UTC)
        self._file: TextIO = path.open("w", encoding="utf-8")
        self.note("began", wall_clock=self.began_at.isoformat())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def flush(self) -> None:
        """Everything so far stands in the file."""
        self._file.flush()

    def now(self) -> float:
        """Seconds since this history began."""
        return time.monotonic() - self._began

    def sent(self, client: str, kind: str, **what: Any) -> Operation:  # noqa: ANN401 - its fields
        """A request leaves now."""
        operation = Operation(
            number=len(self.operations), client=client, kind=kind, sent_at=self.now(), **what
        )
        self.operations.append(operation)
        self._write(asdict(operation))
        return operation

    def saw(self, operation: Operation, status: int, body: Mapping[str, Any]) -> None:
        """Its answer is here."""
        operation.answered_at = self.now()
        operation.status = status
        operation.body = dict(body)
        if operation.booking_id is None and "id" in body and operation.kind == "book":
            operation.booking_id = str(body["id"])
        self._write_answer(operation)

    def saw_nothing(self, operation: Operation, error: str) -> None:
        """The connection broke, or the client waited no longer."""
        operation.answered_at = None
        operation.gave_up_at = self.now()
        operation.error = error
        self._write_answer(operation)

    def saw_frame(self, operation: Operation, event: str, body: Mapping[str, Any]) -> None:
        """Its stream goes on."""
        frame = Frame(self.now(), event, dict(body))
        operation.frames.append(frame)
        self._write({"number": operation.number, "frame": asdict(frame)})

    def saw_end(self, operation: Operation, how: str) -> None:
        """Its stream is over."""
        operation.ended_at, operation.ended = self.now(), how
        fields = ("number", "ended_at", "ended")
        self._write({name: getattr(operation, name) for name in fields})

    def note(self, what: str, **details: object) -> None:
        """Something that is no request: a fault, a phase of the round."""
        self._write({"note": what, "at": self.now(), **details})

    def _write_answer(self, operation: Operation) -> None:
        fields = ("number", "booking_id", "answered_at", "gave_up_at", "status", "body", "error")
        self._write({name: getattr(operation, name) for name in fields})

    def _write(self, line: Mapping[str, object]) -> None:
        self._file.write(json.dumps(line, default=str) + "\n")


def read_history(path: Path) -> Iterator[JsonObject]:
    """The lines of a history that was kept, answers and notes as they stand."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
