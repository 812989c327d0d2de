"""``Retry-After``, however it is written."""

import email.utils
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onsale.client import ProblemError
from onsale.client.call import Answer
from onsale.client.event_calls import get_event
from tests.support.service_answers import problem

ZONES = ["GMT", "+0000", "-0000", "", "UTC"]


def understood(retry_after: str) -> float | None:
    headers = {"content-type": "application/problem+json", "retry-after": retry_after}
    with pytest.raises(ProblemError) as told:
        get_event(1).understand(Answer(503, headers, problem(503, "UNAVAILABLE")))
    return told.value.retry_after_seconds


def test_it_may_be_a_number_of_seconds() -> None:
    assert [understood(text) for text in ("0", "7", "3600")] == [0.0, 7.0, 3_600.0]


@pytest.mark.parametrize("zone", ZONES)
def test_it_may_be_a_date(zone: str) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    text = email.utils.format_datetime(moment, usegmt=True).replace("GMT", zone).strip()
    before = datetime.now(UTC)
    seconds = understood(text)
    after = datetime.now(UTC)
    assert seconds is not None
    assert (moment - after).total_seconds() <= seconds <= (moment - before).total_seconds()


@pytest.mark.parametrize("zone", ZONES)
def test_a_date_that_is_past_asks_for_no_time(zone: str) -> None:
    assert understood(f"Mon, 01 Jan 2001 00:00:00 {zone}".strip()) == 0.0


@pytest.mark.parametrize(
    "text",
    [
        *("", "-5", "1.5", "1e9", "NaN", "soon", "\xb2", "\u0663", "9" * 5_000),
        "Mon, 01 Jan 2029 00:00:00 +99999999999999999999",
        "Mon, 32 Jan 2029 00:00:00 GMT",
        "Mon, 01 Jan 99999 00:00:00 GMT",
        "Mon, 01 Jan 2029 00:00:00 +9999999",
    ],
)
def test_what_is_neither_says_nothing(text: str) -> None:
    assert understood(text) is None


@given(st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ [\d:]+ \S+"))
def test_whatever_it_says_is_a_time_that_can_be_waited_or_nothing(text: str) -> None:
    seconds = understood(text)
    assert seconds is None or 0.0 <= seconds < float("inf")
