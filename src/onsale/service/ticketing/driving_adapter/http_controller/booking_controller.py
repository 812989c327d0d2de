"""Bookings: ``/api/booking``."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from onsale.service.ticketing.app.service.role_auth_service import RoleAuthService
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.driving_adapter.http_controller import (
    booking_operations as documented,
)
from onsale.service.ticketing.driving_adapter.http_controller.authentication import Authenticator
from onsale.service.ticketing.driving_adapter.http_controller.http_services import HttpServices
from onsale.service.ticketing.driving_adapter.http_controller.json_body import read_json
from onsale.service.ticketing.driving_adapter.http_controller.json_response import (
    REPLAYED,
    JsonResponse,
)
from onsale.service.ticketing.driving_adapter.http_controller.operation import DirectRoute
from onsale.service.ticketing.driving_adapter.http_controller.qr_code import qr_code_svg
from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import client_of
from onsale.service.ticketing.driving_adapter.http_controller.request_values import (
    ID_MAX,
    booking_cursor_of,
    booking_id_of,
    choice_of,
    id_filter_of,
    idempotency_key_of,
    known_event_id,
    limit_of,
    page_of,
    ticket_id_of,
)
from onsale.service.ticketing.driving_adapter.http_controller.sse import (
    EventStream,
    booking_frames,
)
from onsale.service.ticketing.driving_adapter.schema.booking_schema import (
    BookingPageBody,
    CancelledBookingBody,
    CreateBookingRequest,
    PayBookingRequest,
    booking_body,
    booking_with_tickets_body,
    paid_booking_body,
)


class BookingController:
    """Takes bookings in, shows them, has them paid and cancelled."""

    def __init__(self, services: HttpServices, authenticator: Authenticator) -> None:
        self._services = services
        self._authenticator = authenticator
        self._limits = services.rate_limits

    def routes(self) -> Sequence[DirectRoute]:
        """The calls and their documentation."""
        one = "/api/booking/{booking_id}"
        return (
            DirectRoute("POST", "/api/booking", self.create_booking, documented.CREATE),
            DirectRoute("GET", one, self.get_booking, documented.GET),
            DirectRoute("GET", f"{one}/sse", self.follow_booking, documented.FOLLOW),
            DirectRoute("POST", f"{one}/pay", self.pay_booking, documented.PAY),
            DirectRoute("POST", f"{one}/cancel", self.cancel_booking, documented.CANCEL),
            DirectRoute(
                "GET", f"{one}/tickets/{{ticket_id}}/qr.svg", self.get_qr_code, documented.QR
            ),
            DirectRoute("GET", "/api/booking", self.list_bookings, documented.LIST),
        )

    async def create_booking(self, request: Request) -> Response:
        """Accept a booking; its seats are found afterwards."""
        self._limits.booking_from(client_of(request))
        principal = await self._authenticator.require(request, UserRole.BUYER)
        self._limits.booking_by(principal.user_id)
        order = await read_json(request, CreateBookingRequest)
        key = idempotency_key_of(request)
        wanted = order.to_request()
        known_event_id(wanted.event_id)
        intake = await self._services.create_booking.execute(principal, wanted, key)
        body = booking_body(intake.booking)
        headers = [(b"location", body.status_url.removesuffix("/sse").encode())]
        if not intake.is_new:
            headers.append(REPLAYED)
        return JsonResponse(body, 202, headers)

    async def list_bookings(self, request: Request) -> Response:
        """A page of bookings: a buyer's own, or those of a seller's events."""
        principal = await self._authenticator.principal(request)
        status = choice_of(request, "status", BookingStatus)
        event_id = id_filter_of(request, "event_id")
        limit = limit_of(request)
        before = booking_cursor_of(request)
        if event_id is not None and event_id > ID_MAX:
            return JsonResponse(BookingPageBody([], None))
        bookings = await self._services.list_bookings.execute(
            principal, status=status, event_id=event_id, limit=limit + 1, before=before
        )
        page, next_cursor = page_of(bookings, limit, lambda booking: booking.id)
        return JsonResponse(BookingPageBody([booking_body(one) for one in page], next_cursor))

    async def get_booking(self, request: Request) -> Response:
        """One booking with its tickets."""
        principal = await self._authenticator.principal(request)
        view = await self._services.get_booking.execute(principal, booking_id_of(request))
        return JsonResponse(booking_with_tickets_body(view))

    async def get_qr_code(self, request: Request) -> Response:
        """The code of a ticket as a picture."""
        principal = await self._authenticator.require(request, UserRole.BUYER)
        code = await self._services.get_ticket_code.execute(
            principal, booking_id_of(request), ticket_id_of(request)
        )
        return Response(
            qr_code_svg(code), headers={"cache-control": "no-store"}, media_type="image/svg+xml"
        )

    async def pay_booking(self, request: Request) -> Response:
        """Charge a card for a held booking."""
        principal = await self._authenticator.require(request, UserRole.BUYER)
        booking_id = booking_id_of(request)
        body = await read_json(request, PayBookingRequest)
        booking = await self._services.pay_booking.execute(
            principal,
            booking_id,
            body.card_number.get_secret_value(),
            idempotency_key_of(request),
            before_new_attempt=lambda: self._limits.payment_by(principal.user_id),
        )
        return JsonResponse(paid_booking_body(booking))

    async def cancel_booking(self, request: Request) -> Response:
        """Give a booking up."""
        principal = await self._authenticator.require(request, UserRole.BUYER)
        booking = await self._services.cancel_booking.execute(principal, booking_id_of(request))
        return JsonResponse(CancelledBookingBody(id=booking.id, status=booking.status))

    async def follow_booking(self, request: Request) -> Response:
        """Stream a booking to its buyer until it is over."""
        principal = await self._authenticator.require(request, UserRole.BUYER)
        booking_id = booking_id_of(request)
        view = await self._services.get_booking.execute(principal, booking_id)
        RoleAuthService.require_booking_buyer(principal, view.booking)
        return EventStream(
            self._limits.stream_of_user(
                principal.user_id, self._services.live_bookings.watch(booking_id)
            ),
            booking_frames,
            self._services.shutdown,
            check_session=lambda: self._authenticator.principal(request),
            session_over=lambda: self._authenticator.session_over(request),
        )
