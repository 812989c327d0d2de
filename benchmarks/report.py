"""A run as a table for people, as plots, and as the figures of ``docs/performance.md``."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas
from rich.console import Console
from rich.table import Table

from benchmarks.results import Figure, Run, Series
from storm.marked_page import replace_figures, table_row

MARKED_POINTS_MAX = 20
WIDE_RANGE = 50
"""An axis whose ends are so far apart shows magnitudes."""
MET = {True: "met", False: "MISSED", None: ""}
_THOUSAND, _HUNDRED, _TEN = 1_000, 100, 10
_SIZE_INCHES = (7.5, 4.2)
_INK, _GRID = "#334155", "#e2e8f0"
_COLOURS = ("#2563eb", "#ea580c", "#059669", "#7c3aed", "#db2777")


def show(run: Run, out: Console) -> None:
    """The closing table."""
    table = Table(title=f"onsale on two cores, {run.bus} bus", caption=run.machine)
    for column in ("#", "measure", "value", "floor", "ratio", "target", "", "note"):
        table.add_column(column, overflow="fold")
    for row in rows(run.figures):
        table.add_row(*row)
    out.print(table)
    for sentence in run.failures:
        out.print(f"failed: {sentence}", markup=False, highlight=False)
    out.print(f"onsale verify, after {len(run.verified)} measures: clean", highlight=False)
    out.print(f"again: {run.command}   ({run.seconds:.0f} s)", markup=False, highlight=False)


def rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """The figures as the cells of a table."""
    return [
        (
            figure.measure,
            figure.name,
            f"{number(figure.value)} {figure.unit}",
            "" if figure.floor is None else f"{figure.floor_name}: {number(figure.floor)}",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            figure.target,
            MET[figure.is_met],
            figure.note,
        )
        for figure in sorted(figures, key=lambda each: float(each.measure))
    ]


def number(value: float) -> str:
    """As many digits as a measurement is worth."""
    if abs(value) >= _THOUSAND:
        return f"{value:,.0f}"
    if abs(value) >= _HUNDRED:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= _TEN else f"{value:.2f}"


def plot(run: Run, folder: Path) -> list[Path]:
    """A picture for each plot of the run; where they are."""
    plots: dict[str, list[Series]] = {}
    for series in run.series:
        plots.setdefault(series.plot, []).append(series)
    return [_plot(run, title, series, folder) for title, series in plots.items()]


def _plot(run: Run, title: str, series: Sequence[Series], folder: Path) -> Path:
    with mpl.rc_context({"font.size": 10, "axes.edgecolor": _INK, "text.color": _INK}):
        canvas = Canvas(figsize=_SIZE_INCHES, layout="constrained")
        axes = canvas.add_subplot()
        axes.set_title(f"{title} ({run.bus} bus)")
        for each, colour in zip(series, _COLOURS * len(series), strict=False):
            if len(series) == 1 and each.labels:
                axes.bar(each.x, each.y, color=colour)
            else:
                marker = "o" if len(each.x) <= MARKED_POINTS_MAX else ""
                axes.plot(each.x, each.y, color=colour, marker=marker, label=each.name)
        if series[0].labels:
            axes.set_xticks(series[0].x, series[0].labels)
        elif min(series[0].x) > 0 and max(series[0].x) >= WIDE_RANGE * min(series[0].x):
            axes.set_xscale("log")
        if len(series) > 1:
            axes.legend(frameon=False)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y", color=_GRID)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        name = "-".join(title.lower().replace(",", "").split())
        path = folder / f"{run.bus}-{name}.png"
        folder.mkdir(parents=True, exist_ok=True)
        canvas.savefig(path, dpi=110)
    return path


def write_page(page: Path, runs: Sequence[Run], pictures: Path) -> None:
    """Replace what stands between the page's markers, and the pictures that it shows.

    Raises:
        ValueError: the page has no markers.
    """
    parts = [_section(run, page, plot(run, pictures)) for run in runs]
    replace_figures(page, "".join(parts).rstrip() + "\n")


def _section(run: Run, page: Path, pictures: Sequence[Path]) -> str:
    head = ("#", "measure", "value", "floor", "ratio", "target", "", "note")
    lines = [
        f"### {run.bus.capitalize()} bus, {run.began_at[:10]}",
        "",
        (
            f"`{run.command}`, {run.seconds:.0f} s, on {run.machine}. `onsale verify` was clean"
            f" after each of {len(run.verified)} measures."
        ),
        "",
        table_row(head),
        table_row(["---"] * len(head)),
        *(table_row(each) for each in rows(run.figures)),
        "",
    ]
    for picture in pictures:
        name = picture.stem.removeprefix(f"{run.bus}-").replace("-", " ")
        lines += [f"![{name}]({picture.relative_to(page.parent)})", ""]
    return "\n".join(lines) + "\n"
