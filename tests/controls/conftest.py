"""Prints the table of the controls that ran, and writes it where asked."""

import pytest

from tests.controls.guards import GUARDS
from tests.controls.table import DOCUMENT, PROPERTY, is_writing, write_table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Rows come from whichever process ran the test, in the order of the guards."""
    if not is_writing():
        return
    found = [
        str(value)
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == PROPERTY and report.when == "call"
    ]
    rows = [row for guard in GUARDS for row in found if row.startswith(f"| {guard.name} | ")]
    terminalreporter.section("what happens without each guard")
    for row in rows:
        name, _, edits, violation = row.strip("| ").split(" | ")
        terminalreporter.write_line(name, bold=True)
        terminalreporter.write_line(f"    taken out  {edits}")
        terminalreporter.write_line(f"    then       {violation}")
    terminalreporter.write_line(f"{len(rows)} of {len(GUARDS)} guards have a control that fails")
    if len(rows) == len(GUARDS):
        write_table(DOCUMENT, rows)
        terminalreporter.write_line(f"written to {DOCUMENT.name}")
