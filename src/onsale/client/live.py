"""Bookings and events as they change: streams that are opened again when they break off."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Generic, TypeVar

from onsale.client import answers as a
from onsale.client import booking_calls, event_calls
from onsale.client.call import Call, is_sendable
from onsale.client.core import Core, is_passing
from onsale.client.errors import (
    BadAnswerError,
    NoAnswerError,
    NotInTimeError,
    OnsaleError,
    ProblemError,
)
from onsale.client.io import Request
from onsale.client.server_sent_events import EventParser
from onsale.client.words import BookingStatus

Answered = TypeVar("Answered")

SETTLE_SECONDS_MAX = 60.0
_LAST_EVENT_ID = "last-event-id"
_LAST_EVENT_ID_CHARACTERS_MAX = 1_000


async def follow_booking(
    core: Core, booking: booking_calls.AnyBooking, *, seconds_max: float | None = None
) -> AsyncGenerator[a.BookingWithTickets, None]:
    """A booking as it stands, then each time it changes, until it is over.

    A stream that breaks off is opened again.

    Raises:
        NotInTimeError: it was not over within ``seconds_max``.
    """
    source = _EventSource(core, booking_calls.follow_booking(booking), seconds_max)
    seen = None
    async with aclosing(source.views()) as views:
        async for view in views:
            # A stream that was opened again begins with what may be known.
            if view != seen:
                source.has_news()
                yield view
            if view.status.is_over:
                return
            seen = view


async def wait_for_seats(
    core: Core, booking: booking_calls.AnyBooking, *, seconds_max: float = SETTLE_SECONDS_MAX
) -> a.BookingWithTickets:
    """A booking once it is no longer ``processing``: it holds its seats, or has failed.

    Raises:
        NotInTimeError: as ``follow_booking``.
    """
    source = _EventSource(core, booking_calls.follow_booking(booking), seconds_max)
    async with aclosing(source.views()) as views:
        async for view in views:
            if view.status is not BookingStatus.PROCESSING:
                return view
    raise AssertionError("a stream ends with an error")


async def follow_event(
    core: Core, event_id: int, *, seconds_max: float | None = None
) -> AsyncGenerator[a.EventView, None]:
    """An event as it stands, then each time it changes, for as long as anybody wants to know.

    A stream that breaks off is opened again.

    Raises:
        NotInTimeError: ``seconds_max`` are over.
    """
    source = _EventSource(core, event_calls.follow_event(event_id), seconds_max)
    known: dict[tuple[str, int], a.SectionCounts] = {}
    status = None
    async with aclosing(source.views()) as views:
        async for said in views:
            changed = [each for each in said.sections if known.get(_place(each)) != each]
            if changed or said.status is not status:
                source.has_news()
                known.update((_place(each), each) for each in changed)
                yield a.EventView(said.status, tuple(known.values()), tuple(changed))
            status = said.status


def _place(part: a.SectionCounts) -> tuple[str, int]:
    return part.section, part.subsection


def _sendable(last_id: str) -> str:
    if len(last_id) > _LAST_EVENT_ID_CHARACTERS_MAX or (last_id and not is_sendable(last_id)):
        raise BadAnswerError("the stream has an id that no header can hold")
    return last_id


class _EventSource(Generic[Answered]):
    """The data of a stream, over as many connections as it takes."""

    def __init__(self, core: Core, call: Call[Answered], seconds_max: float | None) -> None:
        self._core = core
        self._options = core.options
        self._call = call
        self._ends_at = None if seconds_max is None else self._options.monotonic() + seconds_max
        self._last_id = ""
        self._retry_seconds = self._options.backoff_seconds_first
        self._in_vain = 0

    def has_news(self) -> None:
        """What was given last was not known: the connection was worth it."""
        self._in_vain = 0

    async def views(self) -> AsyncGenerator[Answered, None]:
        """Piece by piece, without end.

        Raises:
            ProblemError: the service does not show it.
            NoAnswerError, BadAnswerError: it could not be reached, again and again.
            NotInTimeError: the time is over.
        """
        while True:
            self._check_time()
            try:
                async with aclosing(self._connection()) as views:
                    async for view in views:
                        yield view
            except OnsaleError as error:
                await self._core.io.sleep(self._seconds_to_wait(error))

    async def _connection(self) -> AsyncGenerator[Answered, None]:
        parser = EventParser(self._last_id)
        async with self._core.opened(self._call, self._request()) as opened:
            while chunk := await opened.read(self._silence_seconds_max()):
                for event in parser.feed(chunk):
                    self._last_id = _sendable(event.last_id)
                    if parser.retry_seconds is not None:
                        self._retry_seconds = parser.retry_seconds
                    yield self._call.read(event.data.encode())
                self._check_time()
        raise NoAnswerError("the stream has ended", may_have_happened=False)

    def _seconds_to_wait(self, error: OnsaleError) -> float:
        """Until the next connection; raises the error if there is none."""
        self._check_time()
        self._in_vain += 1
        if not is_passing(error) or self._in_vain > self._options.reconnects_max:
            raise error
        asked = self._retry_seconds
        if isinstance(error, ProblemError) and error.retry_after_seconds is not None:
            asked = error.retry_after_seconds
        seconds = max(
            min(asked, self._options.reconnect_seconds_max),
            self._options.backoff_seconds(self._in_vain),
        )
        return self._within_time(seconds)

    def _request(self) -> Request:
        request = self._core.request(self._call, self._silence_seconds_max())
        if not self._last_id:
            return request
        return replace(request, headers={**request.headers, _LAST_EVENT_ID: self._last_id})

    def _silence_seconds_max(self) -> float:
        return self._within_time(self._options.silence_seconds_max)

    def _within_time(self, seconds: float) -> float:
        if self._ends_at is None:
            return seconds
        return max(0.0, min(seconds, self._ends_at - self._options.monotonic()))

    def _check_time(self) -> None:
        if self._ends_at is not None and self._options.monotonic() >= self._ends_at:
            raise NotInTimeError(f"{self._call.target()}: not within the time given")
