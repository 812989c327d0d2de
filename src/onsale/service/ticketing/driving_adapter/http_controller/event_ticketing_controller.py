"""Events and their seats: ``/api/event``."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from onsale.service.ticketing.app.interface.i_event_repository import EventOrder
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus
from onsale.service.ticketing.driving_adapter.http_controller import event_operations as documented
from onsale.service.ticketing.driving_adapter.http_controller.authentication import Authenticator
from onsale.service.ticketing.driving_adapter.http_controller.compression import (
    shared_json_response,
)
from onsale.service.ticketing.driving_adapter.http_controller.http_services import HttpServices
from onsale.service.ticketing.driving_adapter.http_controller.json_body import (
    EVENT_BODY,
    read_json,
)
from onsale.service.ticketing.driving_adapter.http_controller.json_response import (
    JsonResponse,
    encode,
)
from onsale.service.ticketing.driving_adapter.http_controller.operation import DirectRoute
from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import client_of
from onsale.service.ticketing.driving_adapter.http_controller.recent_answers import RecentAnswers
from onsale.service.ticketing.driving_adapter.http_controller.request_values import (
    choice_of,
    cursor_after,
    event_cursor_of,
    event_id_of,
    flag_of,
    limit_of,
    seats_asked_of,
    section_of,
)
from onsale.service.ticketing.driving_adapter.http_controller.sse import EventStream, event_frames
from onsale.service.ticketing.driving_adapter.schema.admission_schema import (
    AdmitTicketRequest,
    admitted_ticket_body,
)
from onsale.service.ticketing.driving_adapter.schema.event_schema import (
    AlternativesBody,
    CreateEventRequest,
    EventPageBody,
    UpdateEventRequest,
    event_body,
    event_with_sections_body,
    seat_map_json,
)


class EventTicketingController:
    """Sellers make and change events; everybody looks at them."""

    def __init__(self, services: HttpServices, authenticator: Authenticator) -> None:
        self._services = services
        self._authenticator = authenticator
        self._limits = services.rate_limits
        # Anybody may ask for these, as often as they like.
        self._recent = RecentAnswers(services.monotonic)
        self._recent_lists = RecentAnswers(services.monotonic)

    def routes(self) -> Sequence[DirectRoute]:
        """The calls and their documentation."""
        one = "/api/event/{event_id}"
        subsection = f"{one}/sections/{{section}}/subsection/{{subsection}}"
        return (
            DirectRoute("GET", one, self.get_event, documented.GET),
            DirectRoute("GET", f"{subsection}/seats", self.get_seat_map, documented.SEATS),
            DirectRoute(
                "GET", f"{subsection}/alternatives", self.get_alternatives, documented.ALTERNATIVES
            ),
            DirectRoute("GET", f"{one}/sse", self.follow_event, documented.FOLLOW),
            DirectRoute("GET", "/api/event", self.list_events, documented.LIST),
            DirectRoute("POST", "/api/event", self.create_event, documented.CREATE),
            DirectRoute("PATCH", one, self.update_event, documented.UPDATE),
            DirectRoute("POST", f"{one}/admission", self.admit_ticket, documented.ADMIT),
            DirectRoute("POST", f"{one}/cancel", self.cancel_event, documented.CANCEL),
        )

    async def create_event(self, request: Request) -> Response:
        """Make an event with all its seats."""
        principal = await self._authenticator.require(request, UserRole.SELLER)
        self._limits.event_by(principal.user_id)
        body = await read_json(request, CreateEventRequest, EVENT_BODY)
        details = body.to_details()
        self._limits.seats_by(principal.user_id, details.seating_config.seat_count)
        event = await self._services.create_event.execute(principal, details)
        self._recent_lists.forget_all()
        return JsonResponse(event_body(event), 201, [(b"location", b"/api/event/%d" % event.id)])

    async def update_event(self, request: Request) -> Response:
        """Change an event."""
        principal = await self._authenticator.require(request, UserRole.SELLER)
        self._limits.event_by(principal.user_id)
        event_id = event_id_of(request)
        body = await read_json(request, UpdateEventRequest)
        event = await self._services.update_event.execute(principal, event_id, body.to_changes())
        self._recent_lists.forget_all()
        return JsonResponse(event_body(event))

    async def admit_ticket(self, request: Request) -> Response:
        """Let the bearer of a ticket in."""
        principal = await self._authenticator.require(request, UserRole.SELLER)
        self._limits.admission_by(principal.user_id)
        event_id = event_id_of(request)
        body = await read_json(request, AdmitTicketRequest)
        admission = await self._services.admit_ticket.execute(principal, event_id, body.code)
        return JsonResponse(admitted_ticket_body(admission))

    async def cancel_event(self, request: Request) -> Response:
        """Cancel an event; its bookings end afterwards."""
        principal = await self._authenticator.require(request, UserRole.SELLER)
        self._limits.event_by(principal.user_id)
        event_id = event_id_of(request)
        event = await self._services.cancel_event.execute(principal, event_id)
        self._recent_lists.forget_all()
        return JsonResponse(event_body(event), 202)

    async def list_events(self, request: Request) -> Response:
        """A page of events. Who asks matters for ``mine`` alone: others need no good session."""
        mine = flag_of(request, "mine")
        principal = await self._authenticator.require(request, UserRole.SELLER) if mine else None
        status = choice_of(request, "status", EventStatus)
        order = choice_of(request, "order", EventOrder) or EventOrder.NEWEST
        limit, after = limit_of(request), event_cursor_of(request, order)

        async def make() -> bytes:
            page = await self._services.list_events.execute(
                principal, mine=mine, status=status, order=order, limit=limit, after=after
            )
            next_cursor = cursor_after(page.more_after) if page.more_after else None
            return encode(EventPageBody([event_body(one) for one in page.events], next_cursor))

        if mine:
            return JsonResponse(msgspec.Raw(await make()))
        answer = await self._recent_lists.get((status, order, limit, after), make)
        return await shared_json_response(request, answer)

    async def get_event(self, request: Request) -> Response:
        """One event with the seats left in each subsection."""
        event_id = event_id_of(request)
        event = await self._services.get_event.catalog.get(event_id)

        async def make() -> bytes:
            view = await self._services.get_event.execute(event_id)
            return encode(event_with_sections_body(view))

        # Who has heard that it is another one, of whatever process, gets no answer of before.
        key = (event_id, event.version)
        return await shared_json_response(request, await self._recent.get(key, make))

    async def get_seat_map(self, request: Request) -> Response:
        """Every seat of a subsection."""
        event_id = event_id_of(request)
        section, subsection = section_of(request)

        async def make() -> bytes:
            view = await self._services.get_seat_map.execute(event_id, section, subsection)
            return seat_map_json(view)

        key = (event_id, section, subsection)
        return await shared_json_response(request, await self._recent.get(key, make))

    async def get_alternatives(self, request: Request) -> Response:
        """Seats to have instead of others."""
        event_id = event_id_of(request)
        section, subsection = section_of(request)
        groups = await self._services.get_alternatives.execute(
            event_id, section, subsection, seats_asked_of(request)
        )
        return JsonResponse(AlternativesBody(groups))

    async def follow_event(self, request: Request) -> Response:
        """Stream an event's counts to anyone."""
        event_id = event_id_of(request)
        await self._services.get_event.catalog.get(event_id)
        return EventStream(
            self._limits.stream_of_client(
                client_of(request), self._services.live_events.watch(event_id)
            ),
            event_frames,
            self._services.shutdown,
        )
