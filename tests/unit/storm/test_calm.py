"""What an outage excuses."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storm.checker.calm import Span, moment_after, seconds_outside
from storm.faults import Strike
from storm.outages import CATCHING_UP_SECONDS, outages
from storm.plan import Fault, FaultKind

KILL = Fault(1.0, FaultKind.KILL, "api")
SECONDS = st.integers(min_value=0, max_value=40)
SPANS = st.lists(st.builds(lambda begin, length: Span(begin, begin + length), SECONDS, SECONDS))


@given(SECONDS, SECONDS, SPANS)
def test_every_second_outside_of_all_spans_counts_once(
    begin: int, length: int, spans: list[Span]
) -> None:
    counted = [
        second
        for second in range(begin, begin + length)
        if not any(span.began_at <= second < span.over_at for span in spans)
    ]
    assert seconds_outside(begin, begin + length, spans) == len(counted)


@given(SECONDS, SECONDS, SPANS)
def test_so_much_calm_has_passed_by_that_moment(begin: int, length: int, spans: list[Span]) -> None:
    moment = moment_after(begin, length, spans)
    assert seconds_outside(begin, moment, spans) == length


def test_a_fault_excuses_until_the_system_sold_again_and_has_caught_up() -> None:
    assert outages([Strike(KILL, 10.0, 12.0, recovered_at=15.0)]) == [
        Span(10.0, 15.0 + CATCHING_UP_SECONDS)
    ]


def test_nothing_is_late_after_a_fault_that_was_never_got_over() -> None:
    excuse = outages([Strike(KILL, 10.0, 12.0)])
    assert excuse == [Span(10.0, math.inf)]
    assert seconds_outside(9.0, 100.0, excuse) == pytest.approx(1.0)
    assert moment_after(9.0, 5.0, excuse) == math.inf
