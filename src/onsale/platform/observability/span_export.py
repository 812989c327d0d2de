"""Hands finished spans to OpenTelemetry: to a collector, or to files that ``onsale trace`` reads.

A thread of its own sends them in batches. What it cannot send in time is dropped: neither a slow
collector nor one that is away holds anybody up.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SpanExporter,
)
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags
from typing_extensions import override

from onsale.platform.observability.bounded_file import BoundedFile
from onsale.platform.observability.traces import FinishedSpan

QUEUE_COUNT_MAX = 8_192
BATCH_COUNT_MAX = 512
SEND_SECONDS = 1.0
"""So long a span waits for others at most."""
REQUEST_SECONDS_MAX = 5.0
"""For a batch with all attempts to send it."""
CLOSE_SECONDS_MAX = 2.0
FILE_BYTES_MAX = 64 * 1024 * 1024
FILE_SUFFIX = ".jsonl"

_log = structlog.get_logger()
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class _ChosenIds(IdGenerator):
    """Gives out the ids that were chosen last; they are taken before anything else can run."""

    def __init__(self) -> None:
        self.trace_id, self.span_id = 0, 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class OpenTelemetrySink:
    """See ``SpanSink``. For the thread of the event loop alone."""

    def __init__(self, provider: TracerProvider, ids: _ChosenIds) -> None:
        self._tracer = provider.get_tracer("onsale")
        self._ids = ids

    def take(self, span: FinishedSpan) -> None:
        """Put it into the queue; the oldest of too many is dropped."""
        step, ids = span.step, self._ids
        ids.trace_id, ids.span_id = step.subject.int, step.span_id
        # An empty context and not the current one, in which no span of ours ever stands.
        context = Context()
        if step.below is not None:
            above = SpanContext(ids.trace_id, step.below, is_remote=True, trace_flags=_SAMPLED)
            context = trace.set_span_in_context(NonRecordingSpan(above), context)
        recorded = self._tracer.start_span(
            span.name,
            context,
            kind=span.kind,
            attributes=dict(span.attributes),
            links=span.links,
            start_time=span.began_ns,
        )
        if span.error_type is not None:
            recorded.set_attribute("error.type", span.error_type)
            recorded.set_status(Status(StatusCode.ERROR, span.error_type))
        recorded.end(span.ended_ns)


@contextmanager
def span_export(role: str, exporter: SpanExporter) -> Iterator[OpenTelemetrySink]:
    """A sink within the block; then what waits has ``CLOSE_SECONDS_MAX`` to leave.

    ``role`` names the service to whoever reads the spans. The exporter is closed too.
    """
    ids = _ChosenIds()
    resource = Resource.create(
        {SERVICE_NAME: f"onsale-{role}", SERVICE_INSTANCE_ID: str(os.getpid())}
    )
    provider = TracerProvider(
        sampler=ALWAYS_ON, resource=resource, id_generator=ids, shutdown_on_exit=False
    )
    processor = BatchSpanProcessor(
        exporter,
        max_queue_size=QUEUE_COUNT_MAX,
        schedule_delay_millis=SEND_SECONDS * 1000,
        max_export_batch_size=BATCH_COUNT_MAX,
    )
    provider.add_span_processor(processor)
    try:
        yield OpenTelemetrySink(provider, ids)
    finally:
        # The library waits for its exporter much longer; what hangs ends with the process.
        closing = threading.Thread(target=processor.shutdown, name="span-export-close", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS_MAX)
        if closing.is_alive():
            _log.warning("spans_not_sent", seconds_max=CLOSE_SECONDS_MAX)


def collector_exporter(endpoint: str) -> SpanExporter:
    """Sends to ``endpoint``, a URL that takes OTLP over HTTP, such as ``http://host:4318/v1/traces``.
    Headers come from ``OTEL_EXPORTER_OTLP_HEADERS``, as everywhere.
    """
    return OTLPSpanExporter(endpoint=endpoint, timeout=REQUEST_SECONDS_MAX)


def file_exporter(directory: Path, role: str) -> SpanExporter:
    """Writes a JSON object a line into a file of this process, and keeps the latest of it."""
    return _FileExporter(
        BoundedFile(directory / f"{role}-{os.getpid()}{FILE_SUFFIX}", FILE_BYTES_MAX)
    )


class _FileExporter(ConsoleSpanExporter):
    def __init__(self, file: BoundedFile) -> None:
        super().__init__(out=cast("IO[str]", file), formatter=_line)

    @override
    def shutdown(self) -> None:
        self.out.close()


def _line(span: ReadableSpan) -> str:
    text: str = span.to_json(indent=None)
    return text + "\n"
