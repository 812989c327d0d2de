"""Structured logs: one JSON object a line, constant event names, data in keywords."""

import logging
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, WrappedLogger


def configure_logs(level: str, *, role: str) -> None:
    """Log to standard error from ``level`` up; ``role`` stands in every line."""
    structlog.contextvars.bind_contextvars(role=role)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            name_the_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Without the values of local variables: they may be passwords and card numbers.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries that log by the standard module speak up only when something is wrong.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


def name_the_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A line about a booking says which trace is its: the same id, as traces write it."""
    if "booking_id" in event:
        event["trace_id"] = str(event["booking_id"]).replace("-", "")
    return event
