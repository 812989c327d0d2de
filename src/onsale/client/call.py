"""One call: what is asked, what the answer means, and whether it may be asked again."""

import email.utils
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

from onsale.client.errors import (
    BadAnswerError,
    OnsaleError,
    Problem,
    ProblemError,
)
from onsale.client.problems import PROBLEM_ERRORS

Answered = TypeVar("Answered")

JSON, EVENT_STREAM = "application/json", "text/event-stream"
_PROBLEM = "application/problem+json"
_REQUEST_ID = "x-request-id"
_STANDARD_MEMBERS = frozenset({"type", "title", "status", "detail", "code"})
_ERROR_STATUS_MIN = 400
UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What reading an answer can raise; the last for one that is nested without end."""
# Three hundred centuries.
_SECONDS_DIGITS_MAX = 12
# In UTF-8, as one line without blanks at its ends.
_SENDABLE = re.compile(
    r"[^\x00-\x20\x7f\ud800-\udfff](?:[^\x00-\x1f\x7f\ud800-\udfff]*[^\x00-\x20\x7f\ud800-\udfff])?"
)
# Path segments that a URL does not keep.
_NO_SEGMENTS = frozenset({"", ".", ".."})


def is_sendable(text: str) -> bool:
    """Whether a header can hold it."""
    return _SENDABLE.fullmatch(text) is not None


class Repeat(Enum):
    """When a call may be made again by itself."""

    ALWAYS = auto()
    """It reads, or carries an idempotency key: a repeat does nothing twice."""
    UNHEARD = auto()
    """Only if the service has certainly not acted on it: a repeat might do it twice, or be refused
    because the first one did it."""
    NEVER = auto()
    """Whoever asks wants to know how it is now."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that has come whole. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Answered]):
    """A description of a call; nothing is sent by making one.

    ``template`` is the path as the OpenAPI document writes it, ``path`` what stands in its place.
    """

    method: str
    template: str
    parse: Callable[[bytes], Answered]
    status: int = 200
    path: Mapping[str, object] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    # May hold a password or a card number.
    body: object = field(default=msgspec.UNSET, repr=False)
    accept: str = JSON
    repeat: Repeat = Repeat.ALWAYS
    idempotency_key: str | None = None
    passing_when_repeated: frozenset[str] = frozenset()
    """Refusals of a repeat that only say that the first one is still under way."""

    def __post_init__(self) -> None:
        """Look whether the key can be sent.

        Raises:
            ValueError: it cannot.
        """
        if self.idempotency_key is not None and not is_sendable(self.idempotency_key):
            # It is not shown: it may be anything, given by mistake.
            raise ValueError("an idempotency key is text on one line, without blanks around it")

    def target(self) -> str:
        """The path with its values.

        Raises:
            ValueError: a value that no path can hold.
        """
        values = {name: str(value) for name, value in self.path.items()}
        for name, value in values.items():
            if value in _NO_SEGMENTS:
                raise ValueError(f"{name} cannot be {value!r}")
        return self.template.format_map(
            {name: quote(value, safe="") for name, value in values.items()}
        )

    def headers(self) -> dict[str, str]:
        """Those of the request, without who asks."""
        headers = {"accept": f"{self.accept}, {_PROBLEM}"}
        if self.body is not msgspec.UNSET:
            headers["content-type"] = JSON
        if self.idempotency_key is not None:
            headers["idempotency-key"] = self.idempotency_key
        return headers

    def content(self) -> bytes | None:
        """The body of the request."""
        return None if self.body is msgspec.UNSET else msgspec.json.encode(self.body)

    def understand(self, answer: Answer) -> Answered:
        """What the answer means.

        Raises:
            ProblemError: the service refused.
            BadAnswerError: the answer is none of this call's.
        """
        if answer.status != self.status:
            raise refusal(answer)
        return self.read(answer.body)

    def read(self, content: bytes) -> Answered:
        """What the body of an answer says, or a piece of a stream.

        Raises:
            BadAnswerError: it is none of this call's.
        """
        try:
            return self.parse(content)
        except UNREADABLE as error:
            raise BadAnswerError(
                f"{self.method} {self.template}: the answer cannot be read: {error}",
                status=self.status,
            ) from error


def decoded(kind: type[Answered]) -> Callable[[bytes], Answered]:
    """Reads JSON of this kind."""
    return msgspec.json.Decoder(kind).decode


def nothing(_: bytes) -> None:
    """Reads an answer that says no more than its status."""


def query(**values: object) -> dict[str, str]:
    """The parameters of a query that were given."""
    return {name: str(value) for name, value in values.items() if value is not None}


def refusal(answer: Answer) -> OnsaleError:
    """The error that an answer stands for which is not the one that was hoped for."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status < _ERROR_STATUS_MIN or kind != _PROBLEM:
        what = kind or "nothing"
        return BadAnswerError(f"status {answer.status} with {what}", status=answer.status)
    try:
        problem = msgspec.json.decode(answer.body, type=Problem)
        members: dict[str, Any] = json.loads(answer.body)
    except UNREADABLE as error:
        return BadAnswerError(f"an unreadable problem document: {error}", status=answer.status)
    if problem.status != answer.status:
        # What may be asked again goes by it.
        return BadAnswerError(
            f"status {answer.status} with a problem document of {problem.status}",
            status=answer.status,
        )
    request_id = answer.headers.get(_REQUEST_ID)
    return PROBLEM_ERRORS.get(problem.code, ProblemError)(
        problem,
        {name: value for name, value in members.items() if name not in _STANDARD_MEMBERS},
        request_id=request_id,
        retry_after_seconds=_retry_after_seconds(answer.headers.get("retry-after")),
    )


def _retry_after_seconds(text: str | None) -> float | None:
    """What ``Retry-After`` says, a number of seconds or a date."""
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return float(text) if len(text) <= _SECONDS_DIGITS_MAX else None
    try:
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is None:
            # "-0000", or nothing: dates of HTTP are in UTC.
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None
