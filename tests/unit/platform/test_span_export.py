"""Spans on their way to a collector, which may be slow, away, or a file."""

import json
import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from onsale.platform.observability import span_export
from onsale.platform.observability.bounded_file import BoundedFile
from onsale.platform.observability.traces import FinishedSpan, Step, span_id_of
from tests.servers.protocol import PROJECT

DOCUMENT = PROJECT / "docs" / "telemetry.md"
HUNG_SECONDS = 15.0
BOOKING = UUID("01a21450-9b29-75e8-b304-1a48bc2e5067")
ROOT = Step(BOOKING, span_id_of(BOOKING, "booked"))
BELOW = Step(BOOKING, span_id_of(BOOKING, "sent/1"), ROOT.span_id)


def finished(step: Step, error_type: str | None = None) -> FinishedSpan:
    return FinishedSpan(
        step=step,
        name="a step",
        kind=SpanKind.INTERNAL,
        began_ns=1_000_000_000,
        ended_ns=1_500_000_000,
        attributes={"size": 3},
        error_type=error_type,
    )


class HungExporter(SpanExporter):
    """A collector that takes a batch and does not answer until it is told to, or for very long."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.batch_count = self.span_count = 0
        self.was_waited_for = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.batch_count += 1
        self.span_count += len(spans)
        self.was_waited_for = not self.may_go_on.wait(HUNG_SECONDS)
        return SpanExportResult.SUCCESS


def test_a_span_has_the_id_of_what_it_follows_and_its_place_below_another() -> None:
    exporter = InMemorySpanExporter()
    with span_export.span_export("api", exporter) as sink:
        sink.take(finished(BELOW, "ValueError"))
        sink.take(finished(ROOT))
    below, root = exporter.get_finished_spans()
    assert root.parent is None
    assert below.parent is not None
    assert below.parent.span_id == root.context.span_id == ROOT.span_id
    assert {each.context.trace_id for each in (below, root)} == {BOOKING.int}
    assert (root.start_time, root.end_time) == (1_000_000_000, 1_500_000_000)
    assert below.status.description == "ValueError"
    assert root.resource.attributes["service.name"] == "onsale-api"


def test_a_collector_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_export, "CLOSE_SECONDS_MAX", 0.05)
    monkeypatch.setattr(span_export, "QUEUE_COUNT_MAX", 1_000)
    exporter = HungExporter()
    with span_export.span_export("api", exporter) as sink:
        # More than wait at most: the oldest are dropped, and nobody is told to wait.
        for _ in range(2_000):
            sink.take(finished(ROOT))
        # It has a batch in hand, or nothing would have been held up.
        deadline = time.monotonic() + 10
        while exporter.batch_count == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert exporter.batch_count == 1
    assert not exporter.was_waited_for
    exporter.may_go_on.set()


def test_no_more_spans_wait_than_the_document_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_export, "CLOSE_SECONDS_MAX", 30.0)
    (told,) = re.findall(r"([\d,]+) wait in a process at most", DOCUMENT.read_text())
    count_max = int(told.replace(",", ""))
    exporter = HungExporter()
    with span_export.span_export("api", exporter) as sink:
        sink.take(finished(ROOT))
        deadline = time.monotonic() + 10
        while exporter.batch_count == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        in_hand_count = exporter.span_count
        for _ in range(count_max + 500):
            sink.take(finished(ROOT))
        exporter.may_go_on.set()
    assert exporter.span_count == in_hand_count + count_max


def test_a_file_has_a_span_a_line(tmp_path: Path) -> None:
    with span_export.span_export("api", span_export.file_exporter(tmp_path / "to", "api")) as sink:
        sink.take(finished(BELOW))
    (path,) = (tmp_path / "to").iterdir()
    (line,) = path.read_text().splitlines()
    span = json.loads(line)
    assert span["context"]["trace_id"] == f"0x{BOOKING.hex}"
    assert span["parent_id"] == f"0x{ROOT.span_id:016x}"
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_keeps_what_is_latest_and_a_folder_no_more_than_so_many(tmp_path: Path) -> None:
    for number in range(5):
        file = BoundedFile(tmp_path / f"{number}.jsonl", bytes_max=100, file_count_max=3)
        for line in range(10):
            file.write(f"{number} {line:30}\n")
        file.close()
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept[-2:] == ["4.jsonl", "4.jsonl.1"]
    assert len(kept) <= 4
    latest = (tmp_path / "4.jsonl").read_text().splitlines()
    assert latest[-1].endswith(" 9")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4 * 100
