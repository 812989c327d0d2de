"""Puts the HTTP side together."""

from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from onsale.service.ticketing.driving_adapter.http_controller import openapi
from onsale.service.ticketing.driving_adapter.http_controller.admission import Admission
from onsale.service.ticketing.driving_adapter.http_controller.authentication import Authenticator
from onsale.service.ticketing.driving_adapter.http_controller.booking_controller import (
    BookingController,
)
from onsale.service.ticketing.driving_adapter.http_controller.booking_traces import BookingTraces
from onsale.service.ticketing.driving_adapter.http_controller.docs_controller import (
    DocsController,
)
from onsale.service.ticketing.driving_adapter.http_controller.edge import HttpEdge
from onsale.service.ticketing.driving_adapter.http_controller.event_ticketing_controller import (
    EventTicketingController,
)
from onsale.service.ticketing.driving_adapter.http_controller.http_metrics import HttpMeters
from onsale.service.ticketing.driving_adapter.http_controller.http_services import HttpServices
from onsale.service.ticketing.driving_adapter.http_controller.incoming_bodies import (
    IncomingBodies,
)
from onsale.service.ticketing.driving_adapter.http_controller.operations_controller import (
    OperationsController,
)
from onsale.service.ticketing.driving_adapter.http_controller.pages_controller import (
    PagesController,
)
from onsale.service.ticketing.driving_adapter.http_controller.problem import ProblemAnswers
from onsale.service.ticketing.driving_adapter.http_controller.problem_pages import ProblemPages
from onsale.service.ticketing.driving_adapter.http_controller.sales_controller import (
    SalesController,
)
from onsale.service.ticketing.driving_adapter.http_controller.user_controller import (
    UserController,
)
from onsale.service.ticketing.driving_adapter.http_controller.webhook_controller import (
    WebhookController,
)
from onsale.web.site import Site


class OnsaleApi(FastAPI):
    """FastAPI with the schemas of plain endpoints in its document, and around its routes only what
    these need: they handle their parameters, files and errors without it.
    """

    edge: ASGIApp

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What a request passes before it is routed."""
        scope["app"] = self
        if scope["type"] == "http":
            await self.edge(scope, receive, send)
        else:
            # A server that asks whether the application has a life span, or for a WebSocket.
            await self.router(scope, receive, send)

    @override
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = openapi.complete(super().openapi())
        return self.openapi_schema


def create_app(services: HttpServices) -> FastAPI:
    """The application. It starts and ends nothing by itself: whoever made the services does."""
    app = OnsaleApi(
        title="onsale",
        version=services.version,
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        # All three are served by our own controller.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    authenticator = Authenticator(services.tokens)
    site = Site()
    # Routes are tried in this order; the busiest come first.
    app.router.routes.extend(
        [
            *BookingController(services, authenticator).routes(),
            *EventTicketingController(services, authenticator).routes(),
            *SalesController(services, authenticator).routes(),
            *UserController(services, authenticator).routes(),
            *WebhookController(services, authenticator).routes(),
            *PagesController(site).routes(),
            *OperationsController(services).routes(),
            *DocsController(app.openapi).routes(),
        ]
    )
    meters = HttpMeters(services.metrics)
    meters.watch("booking", services.live_bookings)
    meters.watch("event", services.live_events)
    app.state.deadlines = services.deadlines
    app.state.bodies = IncomingBodies(services.rate_limits)
    admission = Admission(
        app.router, is_overrun=services.is_overrun, on_turned_away=meters.turned_away
    )
    meters.watch_door(admission)
    edge = HttpEdge(
        admission, ProblemAnswers(app.router.routes, meters.refused), meters, services.shutdown
    )
    app.edge = ProblemPages(edge, site)
    if services.traces is not None:
        app.edge = BookingTraces(app.edge, services.traces)
    return app
