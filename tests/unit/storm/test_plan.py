"""What a seed decides, and that it decides it again."""

from collections import Counter
from itertools import islice

from storm.plan import (
    FAULTS_PER_ROUND,
    PAUSE_SECONDS,
    Ending,
    FaultKind,
    fault_plan,
    follows,
    stories,
)
from storm.system import Shape

VICTIMS = Shape("kafka", 3).victims()


def test_the_same_seed_gives_the_same_storm() -> None:
    assert fault_plan(7, 2, VICTIMS) == fault_plan(7, 2, VICTIMS)
    assert list(islice(stories(7, 2, 5), 50)) == list(islice(stories(7, 2, 5), 50))


def test_another_seed_round_or_buyer_gives_another() -> None:
    plans = [fault_plan(seed, number, VICTIMS) for seed in (7, 8) for number in (1, 2)]
    assert all(one != other for at, one in enumerate(plans) for other in plans[:at])
    assert next(stories(7, 2, 5)) != next(stories(7, 2, 6))


def test_every_victim_meets_every_kind_of_fault_before_any_meets_one_again() -> None:
    count = len(VICTIMS) * len(FaultKind)
    rounds = range(1, count // FAULTS_PER_ROUND + 2)
    faults = [fault for number in rounds for fault in fault_plan(7, number, VICTIMS)]
    met = Counter((fault.victim, fault.kind) for fault in faults[:count])
    assert met == {(victim, kind): 1 for victim in VICTIMS for kind in FaultKind}


def test_a_third_of_the_buyers_follow_their_bookings_and_the_seed_decides_which() -> None:
    followers = [[follows(seed, 1, number) for number in range(300)] for seed in (7, 7, 8)]
    assert followers[0] == followers[1] != followers[2]
    assert 80 <= sum(followers[0]) <= 120


def test_pauses_last_as_long_as_was_planned_and_nothing_else_does() -> None:
    for number in range(1, 10):
        for fault in fault_plan(7, number, VICTIMS):
            shortest, longest = PAUSE_SECONDS
            if fault.kind is FaultKind.PAUSE:
                assert shortest <= fault.pause_seconds <= longest
            else:
                assert fault.pause_seconds == 0


def test_some_faults_come_together_and_the_first_never_does() -> None:
    plans = [fault_plan(7, number, VICTIMS) for number in range(1, 10)]
    assert all(plan[0].gap_seconds > 0 for plan in plans)
    assert any(fault.gap_seconds == 0 for plan in plans for fault in plan)


def test_buyers_come_to_every_end_and_ask_only_for_what_the_hall_has() -> None:
    lived = list(islice(stories(7, 1, 1), 1_000))
    assert {story.ending for story in lived} == set(Ending)
    for story in lived:
        assert story.section in story.hall.prices
        assert 1 <= story.subsection <= story.hall.subsection_count
        assert len(story.seats) in (0, story.quantity)
        for seat in story.seats:
            row, number = map(int, seat.split("-"))
            assert 1 <= row <= story.hall.rows
            assert 1 <= number <= story.hall.seats_per_row
