"""What libraries, the interpreter and its threads have to say, as lines of our log.

They write text of many lines, each as often as it happens: a collector that is away, or anybody who
sends what is no HTTP, would fill the log with what no reader of JSON takes.
"""

import logging
import sys
import threading
from collections import defaultdict
from types import TracebackType

import structlog
from typing_extensions import override

from onsale.platform.message_queue.occasional_log import OccasionalLog

LEVEL = logging.WARNING
"""Libraries speak up only when something is wrong."""
WORDS_LENGTH_MAX = 500

_log = structlog.get_logger()


def hear_libraries() -> None:
    """From now on: each place in their code that logs is told at once, then once an interval."""
    logging.basicConfig(level=LEVEL, handlers=[_Heard()], force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _ended_by
    threading.excepthook = _thread_ended_by
    sys.unraisablehook = _ignored


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        # By the place in the code, of which there are as many as libraries have lines.
        self._logs: defaultdict[tuple[str, int], OccasionalLog] = defaultdict(OccasionalLog)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        log = self._logs[record.pathname, record.lineno]
        say = log.error if record.levelno >= logging.ERROR else log.warning
        error = record.exc_info[1] if record.exc_info else None
        say(
            "library_spoke",
            library=record.name,
            words=_first_line(record.getMessage()),
            **({} if error is None else {"exc_info": error}),
        )


def _first_line(text: str) -> str:
    """The rest is what a library prints of objects and errors, and may be anybody's data."""
    return text.partition("\n")[0][:WORDS_LENGTH_MAX]


def _ended_by(
    _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    _log.critical("process_failed", exc_info=error)


def _thread_ended_by(ended: threading.ExceptHookArgs) -> None:
    name = None if ended.thread is None else ended.thread.name
    _log.error("thread_failed", thread=name, exc_info=ended.exc_value)


def _ignored(ignored: "sys.UnraisableHookArgs") -> None:
    _log.error(
        "error_ignored", where=_first_line(ignored.err_msg or ""), exc_info=ignored.exc_value
    )
