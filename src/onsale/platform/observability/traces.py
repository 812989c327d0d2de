"""Traces whose id is the id of what they follow.

Such an id is a UUID of version 7: 128 bits, as long as a trace's, and the last 32 of them random.
So every process knows by itself which trace a step belongs to, and whether it is recorded at all:
nothing travels with a message. The ids of the spans that others hang theirs below are digests of
the trace's id and the step's name, so that nobody has to be told them either.

A span is recorded when it is over, with both of its times. What is not followed costs the question.
"""

import math
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol
from uuid import UUID

from opentelemetry.trace import Link, SpanKind

Attributes = Mapping[str, str | int | float | bool]

# What comes before may be a counter: ids made in the same millisecond would share their luck.
RANDOM_BITS = 32
_RANDOM_TEXT_LENGTH = RANDOM_BITS // 4
_RANDOM_MASK = 2**RANDOM_BITS - 1


@dataclass(frozen=True, slots=True)
class Step:
    """A span of the trace of ``subject``, below the span ``below``, or the first of all. The
    ``attributes`` are its own, of a block that it shares with others.
    """

    subject: UUID
    span_id: int
    below: int | None = None
    attributes: Attributes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedSpan:
    """A step that is over. Times are nanoseconds since 1970; ``error_type`` names what ended it."""

    step: Step
    name: str
    kind: SpanKind
    began_ns: int
    ended_ns: int
    attributes: Attributes
    links: Sequence[Link] = ()
    error_type: str | None = None


class SpanSink(Protocol):
    """Where finished spans go."""

    def take(self, span: FinishedSpan) -> None:
        """Keep or send it; neither waits nor fails."""
        ...


_here: ContextVar[Sequence[Step]] = ContextVar("onsale_steps", default=())


def span_id_of(subject: UUID, step: str) -> int:
    """The id of the span of this step, the same in every process."""
    digest = blake2b(step.encode(), key=subject.bytes, digest_size=8).digest()
    return int.from_bytes(digest) or 1


def new_span_id() -> int:
    """The id of a span that nobody else has to know."""
    return secrets.randbits(64) or 1


class Traces:
    """Records the steps of those that are followed, a share of all."""

    def __init__(self, ratio: float, sink: SpanSink) -> None:
        """``ratio`` is from 0, nobody, to 1, everybody; the same in every process."""
        # Of no share but none at all is there nobody whom it means.
        self._bound: int = math.ceil(ratio * (_RANDOM_MASK + 1))
        self._sink = sink

    def follows(self, subject: UUID) -> bool:
        """Whether this one's steps are recorded."""
        random: int = subject.int & _RANDOM_MASK
        return random < self._bound

    def followed(self, subject: UUID) -> UUID:
        """The id to use for a new one, so that it is followed, instead of the one drawn for it.

        It has as much of that id's luck as there are ids of this kind: two stay two.
        """
        random: int = subject.int & _RANDOM_MASK
        return UUID(int=subject.int - random + random * self._bound // (_RANDOM_MASK + 1))

    def follows_text(self, text: str | bytes) -> bool:
        """The same of an id in its usual form, without reading the rest of it."""
        return int(text[-_RANDOM_TEXT_LENGTH:], 16) < self._bound

    def record(
        self,
        step: Step,
        name: str,
        *,
        began_ns: int,
        ended_ns: int | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes | None = None,
        links: Sequence[Link] = (),
        error: BaseException | None = None,
    ) -> None:
        """Record a step that is over, now if nothing else is said.

        Of an error only its class is told: its words may be somebody's data.
        """
        self._sink.take(
            FinishedSpan(
                step=step,
                name=name,
                kind=kind,
                began_ns=began_ns,
                ended_ns=time.time_ns() if ended_ns is None else ended_ns,
                attributes={**(attributes or {}), **(step.attributes or {})},
                links=links,
                error_type=None if error is None else type(error).__name__,
            )
        )

    @contextmanager
    def during(
        self,
        name: str,
        steps: Iterable[Step],
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes | None = None,
        links: Sequence[Link] = (),
    ) -> Iterator[dict[str, str | int | float | bool]]:
        """Record each of these steps as what happens within the block; what is recorded ``inside``
        hangs below them. What the block puts into the mapping that it gets is told too.
        """
        steps, told = tuple(steps), dict(attributes or {})
        began_ns = time.time_ns()
        token = _here.set(steps)
        error: BaseException | None = None
        try:
            yield told
        except BaseException as caught:
            error = caught
            raise
        finally:
            _here.reset(token)
            ended_ns = time.time_ns()
            for step in steps:
                self.record(
                    step,
                    name,
                    began_ns=began_ns,
                    ended_ns=ended_ns,
                    kind=kind,
                    attributes=told,
                    links=links,
                    error=error,
                )

    @contextmanager
    def inside(
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes | None = None,
    ) -> Iterator[None]:
        """Record the block below whatever step it is a part of; nothing if it is part of none."""
        around = _here.get()
        if not around:
            yield
            return
        steps = [Step(each.subject, new_span_id(), each.span_id) for each in around]
        with self.during(name, steps, kind=kind, attributes=attributes):
            yield


def around_here(subject: UUID) -> int | None:
    """The span of this subject that the caller is a part of."""
    for step in _here.get():
        if step.subject == subject:
            return step.span_id
    return None
