"""What sellers see and do of a sale: figures, the list of tickets, seats that are not for sale."""

from collections.abc import AsyncIterator, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from onsale.service.shared_kernel.seating import SEATS_PER_SUBSECTION_MAX
from onsale.service.ticketing.app.query.export_tickets_use_case import TicketExport
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.driving_adapter.http_controller import sales_operations as documented
from onsale.service.ticketing.driving_adapter.http_controller.authentication import Authenticator
from onsale.service.ticketing.driving_adapter.http_controller.download import Download
from onsale.service.ticketing.driving_adapter.http_controller.http_services import HttpServices
from onsale.service.ticketing.driving_adapter.http_controller.json_body import (
    BodyBounds,
    read_json,
)
from onsale.service.ticketing.driving_adapter.http_controller.json_response import (
    JsonResponse,
    encode,
)
from onsale.service.ticketing.driving_adapter.http_controller.operation import DirectRoute
from onsale.service.ticketing.driving_adapter.http_controller.recent_answers import RecentAnswers
from onsale.service.ticketing.driving_adapter.http_controller.request_values import (
    event_id_of,
    section_of,
)
from onsale.service.ticketing.driving_adapter.schema import ticket_csv
from onsale.service.ticketing.driving_adapter.schema.sales_schema import (
    SeatsBody,
    SeatsRequest,
    sales_body,
)

# Every seat of the largest subsection, and room for a mistake that is told as such.
SEATS_BODY = BodyBounds(1_000_000, 2 * SEATS_PER_SUBSECTION_MAX)


class SalesController:
    """For the seller of an event alone."""

    def __init__(self, services: HttpServices, authenticator: Authenticator) -> None:
        self._services = services
        self._authenticator = authenticator
        self._limits = services.rate_limits
        # Counting a million tickets takes its time; however often a seller asks, once at a time.
        self._recent = RecentAnswers(services.monotonic, kept_bytes_min=0)

    def routes(self) -> Sequence[DirectRoute]:
        """The calls and their documentation."""
        one = "/api/event/{event_id}"
        place = f"{one}/sections/{{section}}/subsection/{{subsection}}"
        return (
            DirectRoute("GET", f"{one}/sales", self.get_sales, documented.SALES),
            DirectRoute("GET", f"{one}/sales.csv", self.export_tickets, documented.EXPORT),
            DirectRoute("POST", f"{place}/block", self.block_seats, documented.BLOCK),
            DirectRoute("POST", f"{place}/unblock", self.unblock_seats, documented.UNBLOCK),
        )

    async def get_sales(self, request: Request) -> Response:
        """What was sold of an event."""
        principal = await self._authenticator.require(request, UserRole.SELLER)
        event_id = event_id_of(request)
        get_sales = self._services.get_sales
        event = await get_sales.event_of(principal, event_id)

        async def make() -> bytes:
            return encode(sales_body(event, await get_sales.execute(event)))

        return JsonResponse(msgspec.Raw((await self._recent.get(event_id, make)).body))

    async def export_tickets(self, request: Request) -> Response:
        """The tickets that are reserved or sold, as a file."""
        principal = await self._authenticator.require(request, UserRole.SELLER)
        event_id = event_id_of(request)
        export = await self._services.export_tickets.execute(principal, event_id)
        chunks = _csv_chunks(export)
        # The first before anything is answered: what refuses the whole is told as what it is.
        first = await anext(chunks)
        return Download(
            first,
            chunks,
            self._limits.download_of(principal.user_id),
            media_type="text/csv; charset=utf-8",
            file_name=f"event-{event_id}-tickets.csv",
        )

    async def block_seats(self, request: Request) -> Response:
        """Take seats out of the sale."""
        return await self._set_blocked(request, blocked=True)

    async def unblock_seats(self, request: Request) -> Response:
        """Put seats on sale again."""
        return await self._set_blocked(request, blocked=False)

    async def _set_blocked(self, request: Request, *, blocked: bool) -> Response:
        principal = await self._authenticator.require(request, UserRole.SELLER)
        self._limits.event_by(principal.user_id)
        event_id = event_id_of(request)
        section, subsection = section_of(request)
        positions = (await read_json(request, SeatsRequest, SEATS_BODY)).to_positions()
        await self._services.set_seats_blocked.execute(
            principal, event_id, section, subsection, positions, blocked=blocked
        )
        self._recent.forget(event_id)
        return JsonResponse(SeatsBody([str(position) for position in sorted(positions)]))


async def _csv_chunks(export: TicketExport) -> AsyncIterator[bytes]:
    heading = ticket_csv.heading()
    async for page in export.pages:
        yield heading + ticket_csv.lines(page, export.event.details.currency)
        heading = b""
