"""What comes too late is found, unless something was in the way."""

from collections.abc import Callable

import pytest

from storm.checker.calm import Span
from storm.checker.check import check
from storm.checker.evidence import Evidence
from storm.checker.timely import longest_waits
from storm.checker.violation import Verdict
from tests.builders.storm_history import BEGAN_AT, OnSale, asked, sold_one
from tests.builders.storm_lateness import LATENESS, answered_after_a_minute

OUTAGE = Span(3.9, 60.0)


@pytest.mark.parametrize("plant", LATENESS)
def test_what_comes_too_late_is_found(plant: Callable[[OnSale], None]) -> None:
    sale = sold_one()
    plant(sale)
    found = check(sale.operations, sale.state(), BEGAN_AT)
    assert {violation.verdict for violation in found} == {Verdict.LATE}


@pytest.mark.parametrize("plant", LATENESS)
def test_an_outage_excuses_it(plant: Callable[[OnSale], None]) -> None:
    sale = sold_one()
    plant(sale)
    assert check(sale.operations, sale.state(), BEGAN_AT, [OUTAGE]) == []


def test_whoever_gives_up_early_has_nothing_to_complain_of() -> None:
    sale = sold_one()
    sale.saw("book", "carl", (4.0, None), None, asked=asked("1-3")).gave_up_at = 7.0
    assert check(sale.operations, sale.state(), BEGAN_AT) == []


def test_the_longest_waits_are_told_with_and_without_faults() -> None:
    sale = sold_one()
    answered_after_a_minute(sale)
    waits = longest_waits(Evidence(sale.operations, sale.state(), BEGAN_AT, [OUTAGE]))
    assert waits["for an answer"] == pytest.approx(60.0)
    assert waits["for an answer, no fault about"] == pytest.approx(4.5)
