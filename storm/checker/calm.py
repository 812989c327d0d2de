"""Lateness is a violation only as far as nothing was in the way."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds of the history in which something was under way: a fault and what it had broken, or a
    payment. It never ends where ``over_at`` is infinite.
    """

    began_at: float
    over_at: float


def seconds_outside(begin: float, end: float, spans: Iterable[Span]) -> float:
    """How much of the time from ``begin`` to ``end`` lies in none of the spans."""
    outside, reached = 0.0, begin
    for span in sorted(spans, key=lambda each: each.began_at):
        if span.began_at >= end:
            break
        outside += max(0.0, span.began_at - reached)
        reached = max(reached, span.over_at)
    return outside + max(0.0, end - reached)


def moment_after(begin: float, seconds: float, spans: Iterable[Span]) -> float:
    """When so many seconds outside of all spans have passed since ``begin``."""
    left, reached = seconds, begin
    for span in sorted(spans, key=lambda each: each.began_at):
        if span.over_at <= reached:
            continue
        if span.began_at - reached >= left:
            break
        left -= max(0.0, span.began_at - reached)
        reached = span.over_at
    return reached + left
