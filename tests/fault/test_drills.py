"""The drills: in little, and on three brokers as they are in earnest. All of them take minutes."""

import re
import sys
from collections.abc import Sequence

import pytest

from tests.support.long_command import run_module

SMALL_SECONDS_MAX = 400.0
LONG_SECONDS_MAX = 2_400.0
ON_REDIS = ("--bus", "redis")
# Nothing lost, sold twice or contradicting; and something was shown.
VERDICT = "lost, sold twice, contradicting: 0"


def _drill(*arguments: str, seconds_max: float) -> str:
    status, printed = run_module("drills", *arguments, seconds_max=seconds_max)
    sys.stdout.write(printed)
    assert status == 0, printed
    assert VERDICT in printed
    return printed


def _accepted(printed: str) -> int:
    found = re.search(r"bookings accepted: ([\d,]+)", printed)
    assert found, printed
    return int(found[1].replace(",", ""))


def _check_rolling(printed: str, victims: Sequence[str], bookings: int) -> None:
    assert _accepted(printed) >= bookings
    for victim in victims:
        assert re.search(rf"kill -9 {victim} .*ready again", printed), printed
    for name in ("api-1", "seat-reservation-2", "ticketing-1", "webhooks-2"):
        assert re.search(rf"replace {name} .*ready again", printed), printed
    assert "longest time in which no booking was accepted" in printed
    assert re.search(r"messages to the seller's webhook: [1-9]", printed), printed


EVERYTHING = (
    *("api-1", "api-2", "seat-reservation-1", "ticketing-1", "webhooks-1"),
    *("redis", "postgres"),
)


@pytest.mark.long
@pytest.mark.timeout(SMALL_SECONDS_MAX + 30)
def test_two_of_each_are_killed_and_rolled_while_people_buy() -> None:
    printed = _drill(
        *("rolling", *ON_REDIS, "--bookings", "200", "--rate", "40", "--between", "10"),
        seconds_max=SMALL_SECONDS_MAX,
    )
    _check_rolling(printed, EVERYTHING, 200)


@pytest.mark.long
@pytest.mark.timeout(SMALL_SECONDS_MAX + 30)
def test_old_and_new_code_sell_at_once() -> None:
    printed = _drill(
        *("upgrade", *ON_REDIS, "--bookings", "30", "--rate", "40"), seconds_max=SMALL_SECONDS_MAX
    )
    both = re.search(r"  both +[\d.]+ s  (.*)", printed)
    assert both, printed
    assert "by old code" in both[1]
    assert "by new code" in both[1]


@pytest.mark.long
@pytest.mark.timeout(SMALL_SECONDS_MAX + 30)
def test_what_was_sold_before_the_point_is_there_after_a_restore() -> None:
    printed = _drill(
        *("restore", *ON_REDIS, "--copies", "1", "--bookings", "40", "--rate", "40"),
        seconds_max=SMALL_SECONDS_MAX,
    )
    assert re.search(r"and lost by design: [1-9]", printed), printed
    total, *groups = (
        int(found.replace(",", ""))
        for found in re.findall(r"^(?:bookings|  answered) .*: ([\d,]+)", printed, re.MULTILINE)
    )
    assert total == sum(groups)
    assert re.search(r"to be handed back by a person: [1-9]", printed), printed


@pytest.mark.long
@pytest.mark.kafka
@pytest.mark.timeout(LONG_SECONDS_MAX + 30)
def test_ten_thousand_bookings_on_three_brokers() -> None:
    printed = _drill("rolling", seconds_max=LONG_SECONDS_MAX)
    _check_rolling(printed, (*EVERYTHING, "kafka-2"), 10_000)


@pytest.mark.long
@pytest.mark.kafka
@pytest.mark.timeout(LONG_SECONDS_MAX + 30)
def test_old_and_new_code_sell_at_once_on_three_brokers() -> None:
    printed = _drill("upgrade", seconds_max=LONG_SECONDS_MAX)
    assert re.search(r"  both .*by old code", printed), printed
