"""What can go wrong when the service is asked, each kind an exception of its own."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec


class OnsaleError(Exception):
    """Whatever a client raises. ``idempotency_key`` is the one that the call was made with: made
    again with it, and with the same arguments, the call happens once in all.
    """

    idempotency_key: str | None = None


class NoAnswerError(OnsaleError):
    """The service was not reached, or the connection broke before its answer was there."""

    def __init__(self, message: str, *, may_have_happened: bool) -> None:
        """``may_have_happened``: the request may have left, so what it asked for may be done."""
        super().__init__(message)
        self.may_have_happened = may_have_happened


class BadAnswerError(OnsaleError):
    """The answer is none that the service gives: cut off, garbled, or from somebody else. What was
    asked for may have happened.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.may_have_happened = True


class NotInTimeError(OnsaleError):
    """What was waited for did not happen within the time that the caller gave."""


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field (a dotted path; empty: the document as a whole)."""

    field: str
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem document (RFC 9457) as the service sends it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[FieldError, ...] | msgspec.UnsetType = msgspec.UNSET
    seats: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    left_alone: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    alternatives: tuple[tuple[str, ...], ...] | msgspec.UnsetType = msgspec.UNSET
    decline_reason: str | msgspec.UnsetType = msgspec.UNSET
    limit: int | msgspec.UnsetType = msgspec.UNSET
    taken: int | msgspec.UnsetType = msgspec.UNSET


class ProblemError(OnsaleError):
    """The service refused. ``code`` is stable and meant for programs, the message for people.

    ``extras`` holds what the document says besides the standard members. Each code that the service
    has is a subclass; one that this client does not know yet is this class itself.
    """

    CODE: ClassVar[str] = ""

    def __init__(
        self,
        problem: Problem,
        extras: Mapping[str, Any],
        *,
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem
        self.extras = extras
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds

    @property
    def code(self) -> str:
        """What is refused, as a word that does not change."""
        return self.problem.code

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status

    @property
    def detail(self) -> str:
        """What is refused, for people."""
        return self.problem.detail
