"""Whatever a process writes is one JSON object a line, and what repeats is told now and then."""

import json
import subprocess
import sys
from typing import Any

import pytest

from onsale.platform.embedded.ports import free_port

SECRET = "private.person@example.test"
# In a process of its own: these hooks are the whole interpreter's.
PROGRAM = """
import asyncio, gc, logging, threading, warnings
from onsale.platform.observability.logs import configure_logs

configure_logs("info", role="api")
{does}
"""
UNSEEN_TASK = """
class Refused(Exception):
    def __repr__(self):
        return "Refused({secret})"

async def fail():
    raise Refused

async def main():
    asyncio.get_running_loop().create_task(fail(), name="mine")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gc.collect()

asyncio.run(main())
"""
UNRAISABLE = """
class Bad:
    def __del__(self):
        raise RuntimeError("on its way out")

Bad()
gc.collect()
"""
IN_A_THREAD = """
thread = threading.Thread(target=lambda: 1 / 0, name="exporter")
thread.start()
thread.join()
"""

TO_A_COLLECTOR_THAT_IS_AWAY = f"""
import time
from uuid import UUID
from opentelemetry.trace import SpanKind
from onsale.platform.observability.span_export import collector_exporter, span_export
from onsale.platform.observability.traces import FinishedSpan, Step

with span_export("api", collector_exporter("http://127.0.0.1:{free_port()}/v1/traces")) as sink:
    for number in range(1, 600):
        step, kind = Step(UUID(int=number), number), SpanKind.INTERNAL
        sink.take(
            FinishedSpan(
                step=step, name="pay", kind=kind, began_ns=1, ended_ns=2, attributes={{}}
            )
        )
"""


def lines_of(does: str) -> list[dict[str, Any]]:
    """What a process that does this writes."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(does=does.replace("{secret}", SECRET))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout == ""
    assert SECRET not in run.stderr
    lines = [json.loads(line) for line in run.stderr.splitlines()]
    assert all(line["role"] == "api" for line in lines)
    return lines


@pytest.mark.parametrize(
    ("does", "event", "told"),
    [
        (
            'logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")',
            "library_spoke",
            {"library": "uvicorn.error", "words": "Invalid HTTP request received."},
        ),
        (
            'logging.getLogger("exporter").error("Failed to export %s", "batch")',
            "library_spoke",
            {"library": "exporter", "words": "Failed to export batch", "level": "error"},
        ),
        (
            UNSEEN_TASK,
            "library_spoke",
            {"library": "asyncio", "words": "Task exception was never retrieved"},
        ),
        ('warnings.warn("old")', "library_spoke", {"library": "py.warnings"}),
        (UNRAISABLE, "error_ignored", {}),
        (IN_A_THREAD, "thread_failed", {"thread": "exporter"}),
        ('raise RuntimeError("nobody foresaw this")', "process_failed", {"level": "critical"}),
    ],
    ids=["library", "words", "task", "warning", "unraisable", "thread", "end"],
)
def test_each_is_a_line(does: str, event: str, told: dict[str, str]) -> None:
    (line,) = lines_of(does)
    assert line["event"] == event
    assert told.items() <= line.items()


def test_what_a_library_repeats_is_told_once_and_each_place_in_it_by_itself() -> None:
    lines = lines_of(
        """
        for number in range(1000):
            logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
            logging.getLogger("uvicorn.error").warning("Unsupported upgrade: %s", number)
        """.replace("\n        ", "\n")
    )
    assert [line["words"] for line in lines] == [
        "Invalid HTTP request received.",
        "Unsupported upgrade: 0",
    ]


def test_a_collector_that_is_away_is_told_in_lines_too() -> None:
    lines = lines_of(TO_A_COLLECTOR_THAT_IS_AWAY)
    told = {line["library"] for line in lines if line["event"] == "library_spoke"}
    assert any(library.startswith("opentelemetry.") for library in told)


def test_what_a_library_says_below_a_warning_is_not_told() -> None:
    assert lines_of('logging.getLogger("httpx").info("GET /private")') == []
