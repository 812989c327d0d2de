"""What every test may ask for: real servers, shared by the whole run."""

import os
import signal

import pytest

pytest_plugins = ("tests.servers.plugin",)


def pytest_configure() -> None:
    """See to what the processes inherit that tests start."""
    # A shell starts what it runs in the background deaf to Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # The brokers of tests live for minutes: code compiled thoroughly would not repay that.
    os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have modules with slow tests run first, so that at the end nobody waits for the last."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests recorded to be shown: ``record_property("shown", "a line")``."""
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == "shown":
                terminalreporter.write_line(str(line))
