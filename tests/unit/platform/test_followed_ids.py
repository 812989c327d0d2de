"""The first of each second are followed, whoever looks, and of the rest the share that is told."""

from uuid import UUID

from uuid_utils.compat import uuid7

from onsale.platform.observability.followed_ids import FollowedIds
from onsale.platform.observability.traces import Traces
from tests.support.kept_spans import KeptSpans

NOBODY_BY_CHANCE = 2**-32
COUNT = 10_000


class Clock:
    """Stands until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def made(
    traces: Traces, per_second: int, count: int, clock: Clock | None = None
) -> tuple[FollowedIds, list[UUID]]:
    ids = FollowedIds(uuid7, traces, per_second, clock or Clock())
    return ids, [ids() for _ in range(count)]


def test_the_first_of_each_second_are_followed_and_no_others() -> None:
    traces, clock = KeptSpans().traces(NOBODY_BY_CHANCE), Clock()
    ids, first = made(traces, 3, 6, clock)
    assert list(map(traces.follows, first)) == [True] * 3 + [False] * 3
    clock.now = 0.9
    assert not traces.follows(ids())
    clock.now = 1.0
    assert [traces.follows(ids()) for _ in range(4)] == [True] * 3 + [False]


def test_every_process_knows_it_from_the_id_alone() -> None:
    _, (one,) = made(KeptSpans().traces(0.01), 1, 1)
    elsewhere = KeptSpans().traces(0.01)
    assert elsewhere.follows(one)
    assert elsewhere.follows_text(str(one))


def test_the_rest_are_followed_as_often_as_the_ratio_says() -> None:
    traces = KeptSpans().traces(0.2)
    _, ids = made(traces, 5, COUNT)
    share = sum(map(traces.follows, ids)) / COUNT
    assert 0.15 < share < 0.25  # four deviations are 0.016


def test_ids_stay_ids_of_their_version_and_moment_and_no_two_are_the_same() -> None:
    _, ids = made(KeptSpans().traces(0.01), COUNT, COUNT)
    assert len(set(ids)) == COUNT
    assert {one.version for one in ids} == {7}
    assert {one.variant for one in ids} == {uuid7().variant}
    drawn = uuid7()
    assert KeptSpans().traces(0.01).followed(drawn).int >> 32 == drawn.int >> 32


def test_without_a_number_ids_are_what_they_were_drawn_as() -> None:
    drawn = uuid7()
    ids = FollowedIds(lambda: drawn, KeptSpans().traces(NOBODY_BY_CHANCE), 0, Clock())
    assert ids() == drawn
