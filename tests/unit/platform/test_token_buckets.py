"""Token buckets: a burst, a steady rate, what others spent, and bounded memory."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onsale.platform.rate_limiting.token_buckets import (
    REPORTED_COUNT_MAX,
    Limit,
    TokenBuckets,
)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_many_tokens_are_taken_at_once_or_none(clock: Clock) -> None:
    buckets = TokenBuckets(Limit(100, 10), clock)

    assert buckets.take("ada", 60) == 0
    assert buckets.take("ada", 60) == 2
    assert buckets.take("ada", 40) == 0
    assert buckets.report() == {"ada": 100}


def test_more_than_a_bucket_holds_takes_a_full_one_and_what_follows(clock: Clock) -> None:
    buckets = TokenBuckets(Limit(100, 10), clock)

    assert buckets.take("ada", 150) == 0
    assert buckets.take("ada", 1) == pytest.approx(5.1)


def test_a_burst_is_granted_and_then_one_at_a_time(clock: Clock) -> None:
    buckets = TokenBuckets(Limit(3, 0.5), clock)

    assert [buckets.take("ada") for _ in range(4)] == [0, 0, 0, 2]
    assert buckets.take("bob") == 0
    clock.now = 1.9
    assert buckets.take("ada") == pytest.approx(0.1)
    clock.now = 2.0
    assert buckets.take("ada") == 0
    assert buckets.take("ada") == 2
    clock.now = 1_000.0
    assert [buckets.take("ada") for _ in range(4)] == [0, 0, 0, 2]


@given(
    burst=st.integers(1, 20),
    per_second=st.floats(0.01, 100),
    pauses=st.lists(st.floats(0, 10), max_size=60),
)
def test_never_more_than_the_burst_and_what_the_time_has_brought(
    burst: int, per_second: float, pauses: list[float]
) -> None:
    clock = Clock()
    buckets = TokenBuckets(Limit(burst, per_second), clock)
    granted = 0
    for pause in pauses:
        clock.now += pause
        granted += buckets.take("ada") == 0
    assert granted <= burst + clock.now * per_second + 1e-6


def test_two_processes_that_tell_each_other_grant_together_what_one_may(clock: Clock) -> None:
    one, other = (TokenBuckets(Limit(100, 1), clock) for _ in range(2))
    granted = 0
    for _ in range(30):
        for buckets in (one, other):
            granted += sum(buckets.take("ada") == 0 for _ in range(10))
        first, second = one.report(), other.report()
        one.apply(second)
        other.apply(first)
        clock.now += 1

    assert granted <= 100 + 30 + 2 * 10, "at most one round of each beyond the limit"
    alone = [TokenBuckets(Limit(100, 1), clock) for _ in range(2)]
    deaf = sum(buckets.take("ada") == 0 for _ in range(150) for buckets in alone)
    assert deaf == 200, "without telling each other each grants all of it"


def test_what_was_forgiven_is_forgiven_everywhere(clock: Clock) -> None:
    one, other = (TokenBuckets(Limit(2, 0.01), clock) for _ in range(2))
    for _ in range(2):
        one.take("ada")
    other.apply(one.report())
    assert other.take("ada") > 0

    one.fill("ada")
    other.apply(one.report())

    assert one.take("ada") == other.take("ada") == 0


def test_a_token_that_was_given_back_is_told_to_nobody(clock: Clock) -> None:
    buckets = TokenBuckets(Limit(1, 0.01), clock)
    buckets.take("ada")
    buckets.give_back("ada")

    assert buckets.report() == {}
    assert buckets.take("ada") == 0


def test_what_others_spent_delays_for_a_bounded_time(clock: Clock) -> None:
    buckets = TokenBuckets(Limit(10, 1), clock)

    buckets.apply({"ada": 1e9})

    assert buckets.wait_seconds("ada") == 11


def test_there_are_so_many_buckets_and_those_in_use_stay(clock: Clock) -> None:
    buckets = TokenBuckets(Limit(1, 0.01), clock, bucket_count_max=100)
    for number in range(1_000):
        buckets.take(str(number))
        assert (buckets.take("ada") > 0) is (number > 0)
    assert len(buckets._buckets) == 100
    assert len(buckets._unreported) <= 100


def test_a_report_is_bounded_and_nothing_of_it_is_lost(clock: Clock) -> None:
    buckets = TokenBuckets(Limit(1, 1), clock)
    for number in range(2_500):
        buckets.take(str(number))

    reports = [buckets.report() for _ in range(4)]

    assert [len(report) for report in reports] == [REPORTED_COUNT_MAX, REPORTED_COUNT_MAX, 500, 0]
    assert len(set().union(*reports)) == 2_500


@pytest.mark.parametrize(
    "text", ["", "5", "5:", ":5", "0:1", "5:0", "-1:1", "nan:1", "1:inf", "x:y"]
)
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Limit.parse(text)


def test_a_limit_reads_as_it_is_written() -> None:
    assert Limit.parse("1000:0.5") == Limit(1_000, 0.5)
    assert math.isclose(Limit.parse("1e3:20").burst, 1_000)
