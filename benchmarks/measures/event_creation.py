"""6: how long making an event with all its tickets takes, against writing the rows alone.

The floor is the least that can be done: the same rows, made ready beforehand, in one ``COPY``.
"""

import io
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import httpx

from benchmarks.results import Figure, Findings, Series
from benchmarks.sizes import Sizes
from benchmarks.stage import OPEN_SECONDS_MAX, SEATS_PER_ROW, Stage
from onsale.service.ticketing.domain.event_ticketing_aggregate import (
    EventDetails,
    EventTicketingAggregate,
    NewTicket,
)
from onsale.service.ticketing.domain.value_object.seating_config import SeatingConfig, Section
from onsale.service.ticketing.driven_adapter.repository.seating_config_json import (
    seating_config_to_json,
)
from tests.support.visitors import Seller, regular_hall

MEASURE = "6"
FLOOR_NAME = "copy-floor"
SEATS_PER_SUBSECTION = 500
PRICE_CENTS = 1_000
COLUMNS = ("event_id", *NewTicket._fields)
# Below it what a request costs besides its rows is judged as a difference, not as a ratio.
RATIO_SEATS_MIN = 100_000
RATIO_MAX = 1.3
EXTRA_SECONDS_MAX = 0.03
ONCE_SEATS_MIN = 1_000_000
EXPECTED_FASTER = 50

_NEW_EVENT = """
INSERT INTO event (seller_id, name, description, venue_name, seating_config, load_owed)
VALUES ($1, 'Floor', '', 'Hall', $2, false)
RETURNING id
"""
_NEW_TICKET = """
INSERT INTO ticket (event_id, section, subsection, row_number, seat_number, price)
VALUES ($1, $2, $3, $4, $5, $6)
"""


@dataclass(slots=True)
class Times:
    """Seconds that making an event of one size took, each time."""

    seats: int
    api: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)


async def measure(stage: Stage, sizes: Sizes) -> Findings:
    """Of each size: the request, and between any two of them the floor; then row by row."""
    all_times = []
    async with httpx.AsyncClient(
        base_url=stage.system.base_url, timeout=OPEN_SECONDS_MAX
    ) as patient:
        seller = Seller(patient, token=stage.seller.token)
        await _create(stage, seller, SEATS_PER_SUBSECTION)  # connections are made, code is read
        for seats in sizes.event_seats:
            count = 1 if seats >= ONCE_SEATS_MIN else sizes.repetitions
            all_times.append(await _times(stage, seller, seats, count))
    each_seconds = await _row_by_row(stage, sizes.row_by_row_seats) / sizes.row_by_row_seats
    return Findings(
        figures=[
            *map(_against_floor, all_times),
            *(_faster(times, each_seconds) for times in all_times),
        ],
        series=_series(all_times, each_seconds),
        verified=[await stage.verify()],
    )


async def _times(stage: Stage, seller: Seller, seats: int, count: int) -> Times:
    times = Times(seats)
    times.floor.append(await _copy(stage, seats))
    for number in range(1, count + 1):
        times.api.append(await _create(stage, seller, seats))
        times.floor.append(await _copy(stage, seats))
        stage.say(
            f"6: event of {seats:,} seats, {number} of {count}: {times.api[-1]:.3f} s,"
            f" COPY {times.floor[-1]:.3f} s"
        )
    return times


async def _create(stage: Stage, seller: Seller, seats: int) -> float:
    """Seconds until the event is made; returns only once its seats are loaded as well."""
    rows, subsections = _shape(seats)
    hall = regular_hall(rows=rows, cols=SEATS_PER_ROW, subsections=subsections, price=PRICE_CENTS)
    began = time.perf_counter()
    event = await seller.create_event(hall)
    seconds = time.perf_counter() - began
    await stage.reach("SELECT status FROM event WHERE id = $1", event["id"], wanted="available")
    return seconds


async def _copy(stage: Stage, seats: int) -> float:
    """Seconds of one ``COPY`` of as many tickets, committed."""
    event_id, tickets = await _draft(stage, seats)
    lines = ("\t".join(map(str, (event_id, *ticket))) + "\n" for ticket in tickets)
    rows = io.BytesIO("".join(lines).encode())
    async with stage.ledger.acquire() as connection:
        began = time.perf_counter()
        async with connection.transaction():
            await connection.copy_to_table(
                "ticket", source=rows, columns=COLUMNS, timeout=OPEN_SECONDS_MAX
            )
        return time.perf_counter() - began


async def _row_by_row(stage: Stage, seats: int) -> float:
    """Seconds of one ``INSERT`` after another, committed together."""
    stage.say(f"6: {seats:,} tickets row by row")
    event_id, tickets = await _draft(stage, seats)
    async with stage.ledger.acquire() as connection:
        began = time.perf_counter()
        async with connection.transaction():
            for ticket in tickets:
                await connection.execute(_NEW_TICKET, event_id, *ticket)
        return time.perf_counter() - began


async def _draft(stage: Stage, seats: int) -> tuple[int, Iterator[NewTicket]]:
    """An event without tickets, and those that it should have. It owes no load, so it stays as it
    is, and nobody looks at what is written for it.
    """
    rows, subsections = _shape(seats)
    section = Section.regular("A", PRICE_CENTS, subsections, rows, SEATS_PER_ROW)
    details = EventDetails("Floor", "", "Hall", SeatingConfig.of([section]))
    config = json.dumps(seating_config_to_json(details.seating_config))
    event_id = await stage.ledger.fetchval(_NEW_EVENT, stage.seller.id, config)
    return event_id, EventTicketingAggregate(stage.seller.id, details).tickets()


def _shape(seats: int) -> tuple[int, int]:
    """Rows of a subsection, and subsections."""
    subsections = max(1, seats // SEATS_PER_SUBSECTION)
    return seats // (subsections * SEATS_PER_ROW), subsections


def _against_floor(times: Times) -> Figure:
    api, floor = statistics.median(times.api), statistics.median(times.floor)
    if times.seats >= RATIO_SEATS_MIN:
        target, is_met = f"≤ {RATIO_MAX:g} x {FLOOR_NAME}", api <= RATIO_MAX * floor
    else:
        extra_ms = EXTRA_SECONDS_MAX * 1_000
        target, is_met = f"≤ {FLOOR_NAME} + {extra_ms:g} ms", api - floor <= EXTRA_SECONDS_MAX
    return Figure(
        measure=MEASURE,
        name=f"making an event of {times.seats:,} seats",
        value=api * 1_000,
        unit="ms",
        floor=floor * 1_000,
        floor_name=FLOOR_NAME,
        ratio=api / floor,
        target=target,
        is_met=is_met,
        note=f"median of {len(times.api)}, the floor's of {len(times.floor)}",
    )


def _faster(times: Times, each_seconds: float) -> Figure:
    return Figure(
        measure=MEASURE,
        name=f"an event of {times.seats:,} seats, times faster than row by row",
        value=each_seconds * times.seats / statistics.median(times.api),
        unit="x",
        note=f"{each_seconds * 1e6:.0f} us a row; about {EXPECTED_FASTER} are expected",
    )


def _series(all_times: Sequence[Times], each_seconds: float) -> list[Series]:
    lines = {
        "POST /api/event": [statistics.median(each.api) / each.seats for each in all_times],
        FLOOR_NAME: [statistics.median(each.floor) / each.seats for each in all_times],
        "row by row": [each_seconds] * len(all_times),
    }
    return [
        Series(
            plot="a seat of a new event by seats, us",
            name=name,
            x=[float(number) for number in range(len(all_times))],
            y=[seconds * 1e6 for seconds in line],
            labels=[f"{each.seats:,}" for each in all_times],
        )
        for name, line in lines.items()
    ]
