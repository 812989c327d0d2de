"""Writes the figures of ``docs/reliability.md`` between its markers, from results of storms."""

from collections.abc import Sequence
from pathlib import Path

from storm.marked_page import replace_figures, table_row
from storm.report import FAULT_COLUMNS, Figures, fault_rows, summary


def write_figures(page: Path, results: Sequence[Figures]) -> None:
    """Replace what stands between the markers.

    Raises:
        ValueError: the page has no markers.
    """
    replace_figures(page, _figures(results))


def _figures(results: Sequence[Figures]) -> str:
    names = [name for name, _ in summary(results[0])]
    columns = [dict(summary(each)) for each in results]
    for column in columns[1:]:
        names += [name for name in column if name not in names]
    heads = [f"{each.bus}, {each.began_at[:10]}" for each in results]
    lines = [table_row(["", *heads]), table_row(["---"] * (len(heads) + 1))]
    lines += [
        table_row([name.strip(), *(each.get(name, "0") for each in columns)]) for name in names
    ]
    for each in results:
        lines += ["", f"Faults of the storm on the {each.bus} bus (`{each.command}`):", ""]
        lines += [table_row(FAULT_COLUMNS), table_row(["---"] * len(FAULT_COLUMNS))]
        lines += [table_row(row) for row in fault_rows(each)]
    return "\n".join(lines) + "\n"
