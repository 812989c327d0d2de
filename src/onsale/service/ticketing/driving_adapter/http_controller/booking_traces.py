"""The HTTP side of bookings' traces: their requests, and what their streams tell."""

import time
from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onsale.platform.observability.traces import Step, Traces, new_span_id, span_id_of
from onsale.service.shared_kernel.booking_steps import BOOKED, FIRST_SEQ, applied, owed
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus
from onsale.service.ticketing.driving_adapter.http_controller.json_response import REPLAYED

_PATH = "/api/booking"
_ONE = f"{_PATH}/"
_ROUTE = f"{_PATH}/{{booking_id}}"
_ID_END = len(_ONE) + 36
_ACTIONS = frozenset({"/pay", "/cancel"})
_STREAM = "/sse"
_LOCATION, _TRACE_PARENT = b"location", b"traceparent"
_DATA = b"\ndata: "
# A booking's commands are numbered: the reserve is the first, whatever ends the hold the second.
_STEP_OF = {
    BookingStatus.PROCESSING: BOOKED,
    BookingStatus.PENDING_PAYMENT: applied(FIRST_SEQ),
    BookingStatus.FAILED: applied(FIRST_SEQ),
    BookingStatus.PAID: BOOKED,
    BookingStatus.COMPLETED: owed(FIRST_SEQ + 1),
    BookingStatus.CANCELLED: owed(FIRST_SEQ + 1),
}


class _Told(msgspec.Struct):
    """Of the data of a stream's event, what its span tells."""

    status: BookingStatus


_decoder = msgspec.json.Decoder(_Told)


class BookingTraces:
    """Pure ASGI, the outermost layer: the first span of a booking is its request, from the first
    look at it to the end of the answer. What a client sends as its own trace becomes a link.
    """

    def __init__(self, app: ASGIApp, traces: Traces) -> None:
        self._app = app
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and record it if it is a followed booking's."""
        path: str = scope.get("path", "")
        if path == _PATH and scope["method"] == "POST":
            await self._book(scope, receive, send)
        elif path.startswith(_ONE) and (booking_id := self._followed(path[len(_ONE) : _ID_END])):
            await self._go_on(booking_id, path[_ID_END:], scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _book(self, scope: Scope, receive: Receive, send: Send) -> None:
        began_ns, status = time.time_ns(), 0
        headers: list[tuple[bytes, bytes]] = []

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.extend(message["headers"])
            await send(message)

        await self._app(scope, receive, send_and_note)
        # Whose booking it is, only the answer tells.
        location = _header(headers, _LOCATION)
        booking_id = self._followed(location[len(_ONE) : _ID_END].decode())
        if booking_id is None:
            return
        span_id, below = span_id_of(booking_id, BOOKED), None
        if REPLAYED in headers:
            span_id, below = new_span_id(), span_id
        self._traces.record(
            Step(booking_id, span_id, below),
            f"POST {_PATH}",
            began_ns=began_ns,
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": "POST",
                "http.route": _PATH,
                "http.response.status_code": status,
            },
            links=_links(scope),
        )

    async def _go_on(
        self, booking_id: UUID, action: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if action == _STREAM:
            await self._app(scope, receive, self._sender_of(booking_id, send))
            return
        if action not in _ACTIONS or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        step = Step(booking_id, new_span_id(), span_id_of(booking_id, BOOKED))
        with self._traces.during(
            f"POST {_ROUTE}{action}",
            [step],
            kind=SpanKind.SERVER,
            attributes={"http.request.method": "POST", "http.route": f"{_ROUTE}{action}"},
            links=_links(scope),
        ) as told:

            async def send_and_note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    told["http.response.status_code"] = message["status"]
                await send(message)

            await self._app(scope, receive, send_and_note)

    def _sender_of(self, booking_id: UUID, send: Send) -> Send:
        async def send_and_record(message: Message) -> None:
            began_ns = time.time_ns()
            await send(message)
            status = _status_in(message.get("body", b""))
            if status is not None:
                above = span_id_of(booking_id, _STEP_OF[status])
                self._traces.record(
                    Step(booking_id, new_span_id(), above),
                    f"tell {_ROUTE}{_STREAM}",
                    began_ns=began_ns,
                    kind=SpanKind.PRODUCER,
                    attributes={"onsale.booking.status": status.value},
                )

        return send_and_record

    def _followed(self, text: str) -> UUID | None:
        try:
            booking_id = UUID(text) if self._traces.follows_text(text) else None
        except ValueError:
            return None  # no id at all, or nothing was booked
        return booking_id


def _status_in(body: bytes) -> BookingStatus | None:
    _, found, data = body.partition(_DATA)
    if not found:
        return None
    try:
        return _decoder.decode(data.strip()).status
    except msgspec.MsgspecError:
        return None


def _links(scope: Scope) -> Sequence[Link]:
    header = _header(scope["headers"], _TRACE_PARENT)
    if not header:
        return ()
    carrier = {"traceparent": header.decode("latin-1")}
    told = TraceContextTextMapPropagator().extract(carrier)
    context = trace.get_current_span(told).get_span_context()
    return (Link(context),) if context.is_valid else ()


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    for each, value in headers:
        if each == name:
            return value
    return b""
