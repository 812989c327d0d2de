"""Writes the figures of ``docs/reliability.md`` between its markers, from results of storms."""

from collections.abc import Sequence
from pathlib import Path

from storm.report import FAULT_COLUMNS, Figures, fault_rows, summary

BEGIN = "<!-- figures: begin -->"
END = "<!-- figures: end -->"


def write_figures(page: Path, results: Sequence[Figures]) -> None:
    """Replace what stands between the markers.

    Raises:
        ValueError: the page has no markers.
    """
    text = page.read_text()
    if BEGIN not in text or END not in text:
        raise ValueError(f"{page} has no line {BEGIN!r} or no line {END!r}")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{_figures(results)}\n{END}{after}")


def _figures(results: Sequence[Figures]) -> str:
    names = [name for name, _ in summary(results[0])]
    columns = [dict(summary(each)) for each in results]
    for column in columns[1:]:
        names += [name for name in column if name not in names]
    heads = [f"{each.bus}, {each.began_at[:10]}" for each in results]
    lines = [_row("", *heads), _row(*["---"] * (len(heads) + 1))]
    lines += [_row(name.strip(), *(each.get(name, "0") for each in columns)) for name in names]
    for each in results:
        lines += ["", f"Faults of the storm on the {each.bus} bus (`{each.command}`):", ""]
        lines += [_row(*FAULT_COLUMNS), _row(*["---"] * len(FAULT_COLUMNS))]
        lines += [_row(*row) for row in fault_rows(each)]
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
