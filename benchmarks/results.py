"""What a measurement has shown: for people a row of a table, for machines JSON."""

import platform
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil


class Figure(msgspec.Struct, kw_only=True):
    """One row. ``value`` is in ``unit``; ``floor`` is what it was measured against in the same run,
    and ``ratio`` the one divided by the other, where there is one. ``is_met`` is ``None`` where
    nothing was aimed at.
    """

    measure: str
    name: str
    value: float
    unit: str
    floor: float | None = None
    floor_name: str | None = None
    ratio: float | None = None
    target: str = ""
    is_met: bool | None = None
    note: str = ""


class Series(msgspec.Struct, kw_only=True):
    """Points of a plot; ``labels`` name the points where ``x`` only counts them."""

    plot: str
    name: str
    x: list[float]
    y: list[float]
    labels: list[str] = []


class Findings(msgspec.Struct, kw_only=True):
    """What one measurement has found; ``verified`` is what ``onsale verify`` said after it."""

    figures: list[Figure] = []
    series: list[Series] = []
    verified: list[str] = []


class Run(msgspec.Struct, kw_only=True):
    """One run of the benchmark; ``command`` runs it again."""

    bus: str
    command: str
    began_at: str
    machine: str
    seconds: float = 0.0
    is_quick: bool = False
    figures: list[Figure] = []
    series: list[Series] = []
    verified: list[str] = []
    failures: list[str] = []

    def add(self, findings: Findings) -> None:
        """Take in what a measurement has found."""
        self.figures += findings.figures
        self.series += findings.series
        self.verified += findings.verified

    def write(self, path: Path) -> None:
        """As JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")


def read_run(path: Path) -> Run:
    """The inverse of :meth:`Run.write`."""
    return msgspec.json.decode(path.read_bytes(), type=Run)


def against(  # noqa: PLR0917 - in the order in which the row reads
    measure: str,
    name: str,
    value: float,
    unit: str,
    floor_name: str,
    floor: float | None,
    least: float | None = None,
    note: str = "",
) -> Figure:
    """A row that is judged by its ratio to a floor: at least ``least`` of it. By nothing where the
    floor was not measured.
    """
    if floor is None:
        return Figure(measure=measure, name=name, value=value, unit=unit, note=note)
    ratio = value / floor
    return Figure(
        measure=measure,
        name=name,
        value=value,
        unit=unit,
        floor=floor,
        floor_name=floor_name,
        ratio=ratio,
        target=f"≥ {least:g} x {floor_name}" if least is not None else "",
        is_met=None if least is None else ratio >= least,
        note=note,
    )


def at_most(  # noqa: PLR0917 - likewise
    measure: str, name: str, value: float, unit: str, most: float | None = None, note: str = ""
) -> Figure:
    """A row that is judged by itself: at most ``most``."""
    return Figure(
        measure=measure,
        name=name,
        value=value,
        unit=unit,
        target=f"≤ {most:g} {unit}" if most is not None else "",
        is_met=None if most is None else value <= most,
        note=note,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """So large a share of the values is not more than this."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def machine() -> str:
    """What this ran on, in a line."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory_gib = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} x {model}, {memory_gib:.0f} GiB, Linux {platform.release()},"
        f" Python {platform.python_version()}"
    )
