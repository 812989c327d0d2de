"""Structured logs: one JSON object a line, constant event names, data in keywords."""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from onsale.platform.observability.discreet_errors import DiscreetTracebacks
from onsale.platform.observability.library_logs import hear_libraries


def configure_logs(level: str, *, role: str) -> None:
    """Log to standard error from ``level`` up; ``role`` stands in every line."""
    structlog.configure(
        processors=log_processors(role),
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    hear_libraries()


def log_processors(role: str) -> list[Processor]:
    """What makes a line of an event, in whichever thread it is told."""

    def name_the_role(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["role"] = role
        return event

    return [
        name_the_role,
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
