"""Structured logs: one JSON object a line, constant event names, data in keywords."""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from onsale.platform.observability.discreet_errors import DiscreetTracebacks


def configure_logs(level: str, *, role: str) -> None:
    """Log to standard error from ``level`` up; ``role`` stands in every line."""
    structlog.contextvars.bind_contextvars(role=role)
    structlog.configure(
        processors=log_processors(),
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries that log by the standard module speak up only when something is wrong.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


def log_processors() -> list[Processor]:
    """What makes a line of an event, in every role."""
    return [
        structlog.contextvars.merge_contextvars,
        name_the_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(DiscreetTracebacks()),
        structlog.processors.JSONRenderer(),
    ]


def name_the_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A line about a booking says which trace is its: the same id, as traces write it."""
    if "booking_id" in event:
        event["trace_id"] = str(event["booking_id"]).replace("-", "")
    return event
