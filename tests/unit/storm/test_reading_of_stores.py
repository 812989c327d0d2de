"""How the storm reads bitmaps, and when it takes the system for recovered."""

import asyncio
from pathlib import Path

import httpx

from storm.clients import Client
from storm.faults import Strike
from storm.history import History
from storm.plan import Fault, FaultKind
from storm.pulse import Pulse
from storm.stores import unpacked

STRIKE = Strike(Fault(1.0, FaultKind.KILL, "api"), struck_at=10.0, over_at=10.0)


def test_a_bitmap_is_two_bits_a_seat_the_first_seat_highest() -> None:
    assert unpacked(b"\x1b\x40", 5) == ["available", "reserved", "sold", "blocked", "reserved"]


def test_a_short_bitmap_has_fewer_states_than_seats() -> None:
    assert len(unpacked(b"\x00", 5)) == 4


def test_the_system_has_recovered_when_its_slowest_lane_has(tmp_path: Path) -> None:
    pulse = pulse_with(tmp_path, {1: [(9.0, 12.0), (11.0, 13.0)], 2: [(10.5, 17.0), (12.0, 16.0)]})
    assert pulse.recovered_at(STRIKE) == 16.0


def test_a_hold_that_was_asked_for_before_the_fault_proves_nothing(tmp_path: Path) -> None:
    pulse = pulse_with(tmp_path, {1: [(11.0, 13.0)], 2: [(9.0, 30.0)]})
    assert pulse.recovered_at(STRIKE) is None


def pulse_with(tmp_path: Path, beats: dict[int, list[tuple[float, float]]]) -> Pulse:
    with History(tmp_path / "history.jsonl") as history:
        http = httpx.AsyncClient()
        asyncio.run(http.aclose())
        return Pulse(Client("pulse", http, history), 1, beats)
