"""What ``onsale top`` makes of metrics, those that are not there included."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from onsale.cli import top_looks
from onsale.cli.exposed_metrics import parse
from onsale.cli.top_events import EventLook
from onsale.cli.top_looks import Look, Lookout, ProcessLook, Rates, agreed, lookout
from onsale.cli.top_view import view_of
from onsale.client import EventStatus, NoAnswerError, ProblemError, SectionCounts
from tests.support.hostile_server import hostile_server, http

REQUESTS = """\
# TYPE onsale_http_requests_total counter
onsale_http_requests_total{{method="POST",route="/api/booking",status="202"}} {accepted}
onsale_http_requests_total{{method="POST",route="/api/booking",status="503"}} {refused}
onsale_http_requests_total{{method="GET",route="/api/booking",status="200"}} 99999
"""
WORKERS = ("ticketing-1", "ticketing-2", "seat-reservation")
BOOKED = {"method": "POST", "route": "/api/booking"}


def test_rates_are_what_counters_grew_by_a_second() -> None:
    before = {"api": parse(REQUESTS.format(accepted=10, refused=5))}
    now = {"api": parse(REQUESTS.format(accepted=110, refused=6))}
    rates = Rates(now, before, 2.0)
    total = "onsale_http_requests_total"
    assert rates.of(total, **BOOKED, status="202") == 50.0
    assert rates.of(total, **BOOKED, but_status="202") == 0.5
    assert rates.of("onsale_worker_messages_total", begins="ticketing") is None
    # Of all workers of a kind, and of metrics that have no labels.
    before, now = (
        {name: parse(f"onsale_worker_messages_total {count}\n") for name in WORKERS}
        for count in (5, 11)
    )
    rates = Rates(now, before, 2.0)
    assert rates.of("onsale_worker_messages_total", begins="ticketing") == 6.0


def test_a_process_that_was_started_anew_or_has_just_come_counts_for_nothing() -> None:
    total = "onsale_http_requests_total"
    before = {"api": parse(REQUESTS.format(accepted=500, refused=5))}
    now = {name: parse(REQUESTS.format(accepted=7, refused=5)) for name in ("api", "api-2")}
    assert Rates(now, before, 1.0).of(total, **BOOKED, status="202") == 0.0
    assert Rates(now, {}, 1.0).of(total, **BOOKED, status="202") is None


def test_what_every_process_tells_of_the_whole_service_counts_once() -> None:
    lag = 'onsale_consumer_lag_messages{{group="g",partition="{0}",topic="t"}} {1}\n'
    told = [parse(lag.format(0, 3) + lag.format(1, 4)), parse(lag.format(0, 2))]
    assert agreed(told, "onsale_consumer_lag_messages") == 7.0
    assert agreed(told, "onsale_owed_commands") is None


def section(name: str, number: int, available: int) -> SectionCounts:
    return SectionCounts(name, number, 100, 1, 10, available, 1, 9 - available, 0)


def text_of(look: Look) -> str:
    console = Console(file=StringIO(), width=100)
    console.print(view_of(look))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def look(
    *events: EventLook,
    lag: float | None = None,
    is_up: bool = True,
    away: float | None = None,
    not_shown: Sequence[int] = (),
) -> Look:
    return Look(
        at=datetime(2030, 1, 1, tzinfo=UTC),
        url="http://x",
        away_seconds=away,
        accepted_per_second=12.34,
        refused_per_second=0.0,
        decided_per_second=None,
        recorded_per_second=None,
        viewers=3.0,
        holds=1234.0,
        lag_messages=lag,
        owed_commands=None,
        dead_letters=2.0,
        drift_seats=0.0,
        drift_events=0.0,
        oldest_comparison_seconds=8.2,
        events=events,
        events_not_shown=not_shown,
        processes=[ProcessLook(name="ticketing", url="http://y", is_up=is_up)],
    )


def event(
    *sections: SectionCounts, name: str = "Opera", on_sale_at: datetime | None = None
) -> EventLook:
    return EventLook(
        event_id=7,
        name=name,
        status=EventStatus.AVAILABLE,
        on_sale_at=on_sale_at,
        currency="EUR",
        available=5,
        reserved=2,
        sold=13,
        blocked=0,
        revenue=123_450,
        bookings_per_second=4.2,
        sections=sections,
    )


def test_what_is_not_measured_is_a_dash() -> None:
    shown = text_of(look())
    assert "accepted/s     12.3" in shown
    assert "lag        -" in shown
    assert "no event is on sale" in shown
    assert "lag        0" in text_of(look(lag=0.0))


def test_who_tells_nothing_is_named() -> None:
    assert "no metrics from: ticketing" in text_of(look(is_up=False))
    assert "no metrics from" not in text_of(look())


def test_a_service_that_is_away_is_said() -> None:
    assert "no answer for 3 s" in text_of(look(away=3.2))
    assert "no answer" not in text_of(look())


EVENT = {
    "id": 7,
    "seller_id": 1,
    "name": "Opera",
    "description": "",
    "venue_name": "House",
    "seating_config": {"sections": []},
    "is_active": True,
    "status": "available",
    "starts_at": None,
    "on_sale_at": None,
    "currency": "EUR",
    "hold_seconds": 60,
    "max_tickets_per_booking": 4,
    "max_tickets_per_buyer": None,
    "leave_no_single_seats": False,
    "created_at": "2030-01-01T00:00:00Z",
    "sections": [],
}
ANSWER = http(200, json.dumps(EVENT).encode())
METRICS = http(200, REQUESTS.format(accepted=1, refused=2).encode(), "text/plain")
GARBAGE = http(200, b"<html>", "text/html")
AWAY = http(503, b"<html>", "text/html")


@asynccontextmanager
async def watched(*replies: bytes) -> AsyncIterator[Lookout]:
    """Event 7 of a service that answers so, event and metrics in turn."""
    async with hostile_server(*replies) as server, lookout(server.url, None, (7,), ()) as watching:
        yield watching


@pytest.mark.parametrize(
    ("host", "is_it"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("[::1]", True),
        ("10.0.0.7", True),
        ("10.0.0.8", False),
        ("tickets.example.com", False),
    ],
)
async def test_workers_are_those_of_the_service_that_is_asked(
    tmp_path: Path, host: str, *, is_it: bool
) -> None:
    told = {
        "ONSALE_HOST": "10.0.0.7",
        "ONSALE_PORT": "8000",
        "ONSALE_METRICS_PORT_TICKETING": "9121",
    }
    (tmp_path / "environment.json").write_text(json.dumps(told))
    for port, workers in (("8000", {"ticketing"} if is_it else set()), ("8001", set())):
        async with lookout(f"http://{host}:{port}", tmp_path, (), ()) as watching:
            assert watching.processes.keys() == {"api"} | workers


async def test_what_is_away_for_a_moment_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replies = (ANSWER, METRICS, b"", b"", AWAY, AWAY, ANSWER, METRICS, b"")
    async with watched(*replies) as watching:
        looks = [await watching.look() for _ in range(4)]
        monkeypatch.setattr(top_looks, "AWAY_SECONDS_MAX", 0.0)
        with pytest.raises(NoAnswerError):
            await watching.look()
    assert [each.away_seconds is None for each in looks] == [True, False, False, True]
    assert [each.processes[0].is_up for each in looks] == [True, False, False, True]
    assert [each.events[0].name for each in looks] == ["Opera"] * 4


async def test_what_never_answered_or_refuses_is_not_waited_for() -> None:
    async with watched(b"") as watching:
        with pytest.raises(NoAnswerError):
            await watching.look()
    gone = {"type": "about:blank", "title": "No", "status": 404, "detail": "", "code": "X"}
    refusal = http(404, json.dumps(gone).encode(), "application/problem+json")
    async with watched(ANSWER, METRICS, refusal) as watching:
        await watching.look()
        with pytest.raises(ProblemError):
            await watching.look()


async def test_a_service_that_is_busy_is_not_taken_for_one_without_events() -> None:
    busy = {"type": "about:blank", "title": "No", "status": 503, "detail": "", "code": "X"}
    refusal = http(503, json.dumps(busy).encode(), "application/problem+json")
    async with hostile_server(refusal) as server, lookout(server.url, None, (), ()) as watching:
        with pytest.raises(ProblemError):
            await watching.look()


@pytest.mark.parametrize("page", [GARBAGE, AWAY, b""])
async def test_a_process_that_tells_no_metrics_is_shown_as_one(page: bytes) -> None:
    async with watched(ANSWER, page) as watching:
        look = await watching.look()
    assert not look.processes[0].is_up
    assert look.accepted_per_second is None


def test_a_small_hall_is_shown_by_subsection_and_a_large_one_by_section() -> None:
    small = text_of(look(event(section("A", 1, 4), section("A", 2, 9))))
    assert "1,234.50 EUR" in small
    assert "A-1" in small
    assert "60%" in small
    parts = [section(name, number, 5) for name in "AB" for number in range(1, 11)]
    large = text_of(look(event(*parts)))
    assert "A-1" not in large
    assert [line.split()[:4] for line in large.splitlines() if line.startswith(("A ", "B "))] == [
        ["A", "50", "10", "40"],
        ["B", "50", "10", "40"],
    ]


def test_events_that_are_not_shown_are_named() -> None:
    shown = text_of(look(event(), not_shown=[3, 1]))
    assert "2 more on sale, selling less: onsale top 3 1\n" in shown
    assert "more on sale" not in text_of(look(event()))
    assert "onsale top 9 8 7 6 5 …" in text_of(look(event(), not_shown=[9, 8, 7, 6, 5, 4]))


def test_bookings_and_seats_are_told_apart() -> None:
    shown = text_of(look(event()))
    assert "bookings held  1,234" in shown
    assert "seats: 5 left, 2 held, 13 sold" in shown


def test_a_sale_that_has_not_opened_says_when_it_will() -> None:
    later = datetime(2999, 1, 1, tzinfo=UTC)
    assert "on sale from 2999-01-01 00:00 UTC" in text_of(look(event(on_sale_at=later)))


def test_a_name_cannot_steer_the_terminal() -> None:
    shown = text_of(look(event(section("\x1b[2J", 1, 4), name="\x1b[2J")))
    assert "\x1b" not in shown
    assert shown.count("\ufffd[2J") == 2
    assert "[red]A-1" in text_of(look(event(section("[red]A", 1, 4))))


@pytest.mark.parametrize("text", ["<html>", "onsale_x one"])
def test_what_is_no_page_of_metrics_is_told_from_one(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of whatever the parser has to say
        parse(text)
