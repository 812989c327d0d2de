"""Everything that the HTTP side needs, made by the composition root."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from prometheus_client import CollectorRegistry

from onsale.platform.observability.traces import Traces
from onsale.service.ticketing.app.command.admit_ticket_use_case import AdmitTicketUseCase
from onsale.service.ticketing.app.command.cancel_event_use_case import CancelEventUseCase
from onsale.service.ticketing.app.command.create_booking_use_case import CreateBookingUseCase
from onsale.service.ticketing.app.command.create_event_and_tickets_use_case import (
    CreateEventAndTicketsUseCase,
)
from onsale.service.ticketing.app.command.log_in_use_case import LogInUseCase
from onsale.service.ticketing.app.command.log_out_use_case import LogOutUseCase
from onsale.service.ticketing.app.command.mock_payment_and_update_status_to_completed_use_case import (  # noqa: E501
    MockPaymentAndUpdateStatusToCompletedUseCase,
)
from onsale.service.ticketing.app.command.register_user_use_case import RegisterUserUseCase
from onsale.service.ticketing.app.command.set_seats_blocked_use_case import (
    SetSeatsBlockedUseCase,
)
from onsale.service.ticketing.app.command.update_booking_status_to_cancelled_use_case import (
    UpdateBookingStatusToCancelledUseCase,
)
from onsale.service.ticketing.app.command.update_event_use_case import UpdateEventUseCase
from onsale.service.ticketing.app.interface.i_credentials import ITokenService
from onsale.service.ticketing.app.query.export_tickets_use_case import ExportTicketsUseCase
from onsale.service.ticketing.app.query.get_alternatives_use_case import GetAlternativesUseCase
from onsale.service.ticketing.app.query.get_booking_use_case import GetBookingUseCase
from onsale.service.ticketing.app.query.get_current_user_use_case import GetCurrentUserUseCase
from onsale.service.ticketing.app.query.get_event_use_case import GetEventUseCase
from onsale.service.ticketing.app.query.get_sales_use_case import GetSalesUseCase
from onsale.service.ticketing.app.query.get_seat_map_use_case import GetSeatMapUseCase
from onsale.service.ticketing.app.query.get_ticket_code_use_case import GetTicketCodeUseCase
from onsale.service.ticketing.app.query.list_bookings_use_case import ListBookingsUseCase
from onsale.service.ticketing.app.query.list_events_use_case import ListEventsUseCase
from onsale.service.ticketing.app.service.live_feed import LiveTopics
from onsale.service.ticketing.driving_adapter.http_controller.deadline import Deadlines
from onsale.service.ticketing.driving_adapter.http_controller.live_views import (
    LiveBooking,
    LiveEvent,
)
from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import RateLimits
from onsale.service.ticketing.driving_adapter.http_controller.webhook_services import (
    WebhookServices,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpServices:
    """``live_bookings`` and ``live_events`` read through ``booking_reader`` and ``event_reader`` of
    ``live_views``. ``readiness`` has a check for each dependency, which raises if it is away.
    ``shutdown`` is set when the server is told to stop: streams then end. ``monotonic`` is a clock
    in seconds that never goes back. ``deadlines`` bounds how long an answer takes; while
    ``is_overrun`` all requests are refused. ``traces`` records bookings where somebody wants that.
    """

    tokens: ITokenService
    register_user: RegisterUserUseCase
    log_in: LogInUseCase
    log_out: LogOutUseCase
    get_current_user: GetCurrentUserUseCase
    create_event: CreateEventAndTicketsUseCase
    update_event: UpdateEventUseCase
    cancel_event: CancelEventUseCase
    set_seats_blocked: SetSeatsBlockedUseCase
    get_sales: GetSalesUseCase
    export_tickets: ExportTicketsUseCase
    list_events: ListEventsUseCase
    get_event: GetEventUseCase
    get_seat_map: GetSeatMapUseCase
    get_alternatives: GetAlternativesUseCase
    create_booking: CreateBookingUseCase
    pay_booking: MockPaymentAndUpdateStatusToCompletedUseCase
    cancel_booking: UpdateBookingStatusToCancelledUseCase
    get_booking: GetBookingUseCase
    get_ticket_code: GetTicketCodeUseCase
    admit_ticket: AdmitTicketUseCase
    list_bookings: ListBookingsUseCase
    webhooks: WebhookServices
    live_bookings: LiveTopics[UUID, LiveBooking]
    live_events: LiveTopics[int, LiveEvent]
    readiness: Mapping[str, Callable[[], Awaitable[object]]]
    rate_limits: RateLimits
    metrics: CollectorRegistry
    shutdown: asyncio.Event
    monotonic: Callable[[], float]
    version: str
    is_overrun: Callable[[], bool] = lambda: False
    traces: Traces | None = None
    deadlines: Deadlines = field(default_factory=Deadlines)
