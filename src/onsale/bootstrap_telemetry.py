"""The composition root's part for telemetry: what is measured in a process, and its traces.

Who traces nothing has nothing of it in the way: each port is then handed back as it came.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from uuid import UUID

from opentelemetry.trace import SpanKind
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from redis.asyncio import Redis

from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import BatchHandler, MessageBus, MessagePublisher
from onsale.platform.observability.call_meter import CallMeter
from onsale.platform.observability.followed_ids import FollowedIds
from onsale.platform.observability.lag_watch import Consumption, LagWatch
from onsale.platform.observability.loop_lag import beating
from onsale.platform.observability.metrics_listener import metrics_listener
from onsale.platform.observability.pool_meter import MeteredPool, PoolMeter
from onsale.platform.observability.traced_messages import (
    Describe,
    MessageTraces,
    TracedPublisher,
    traced_handler,
)
from onsale.platform.observability.traces import Traces
from onsale.service.seat_reservation.driven_adapter.seat_store.observed_seat_store import (
    CALLS,
    ObservedSeatStore,
)
from onsale.service.shared_kernel import booking_steps
from onsale.service.shared_kernel.seat_messages import peek_booking_id
from onsale.service.ticketing.app.interface.i_booking_repository import IBookingIntake
from onsale.service.ticketing.app.interface.i_live_notices import ILiveNoticePublisher
from onsale.service.ticketing.app.interface.i_payment_gateway import IPaymentGateway
from onsale.service.ticketing.app.interface.i_seat_command_publisher import ISeatCommandPublisher
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import ITicketingUnitOfWork
from onsale.service.ticketing.driven_adapter.tracing.traced_bookings import (
    TracedBookingIntake,
    TracedLiveNotices,
    TracedPaymentGateway,
    TracedSeatCommands,
    TracedUnitOfWork,
)
from onsale.settings import ProcessSettings


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Of one process; ``traces`` is ``None`` where nobody wants any."""

    registry: CollectorRegistry
    traces: Traces | None

    @asynccontextmanager
    async def served(self, settings: ProcessSettings) -> AsyncIterator[None]:
        """Tell all of it, and whether the process lives, at a worker's own address."""
        async with beating(self.registry) as lag:
            with metrics_listener(self.registry, settings.metrics_host, settings.metrics_port, lag):
                yield

    def seat_store(self, redis: Redis) -> ObservedSeatStore:
        """The store, each call timed."""
        meter = CallMeter(self.registry, "onsale_seat_store", "the seat store", CALLS)
        return ObservedSeatStore(redis, self._around_a_store_call(meter))

    def pools(self, pools: Mapping[str, MeteredPool]) -> None:
        """Tell how these are used."""
        PoolMeter(self.registry, pools)

    def lag_watch(
        self, bus: MessageBus, topics: KafkaTopicBuilder, on_error: Callable[[Exception], None]
    ) -> LagWatch:
        """What looks how far both kinds of workers are."""
        return LagWatch(
            bus,
            [
                Consumption(topics.seat_commands(), topics.seat_reservation_group()),
                Consumption(topics.seat_results(), topics.ticketing_group()),
            ],
            Consumption(topics.dead_letters(), topics.dead_letter_group()),
            self.registry,
            on_error,
        )

    def command_sender(self, bus: MessagePublisher) -> MessagePublisher:
        """Sends seat commands."""
        return self._sender(bus, booking_steps.of_sent_command)

    def result_sender(self, bus: MessagePublisher) -> MessagePublisher:
        """Sends their results."""
        return self._sender(bus, booking_steps.of_sent_result)

    def command_handler(self, handler: BatchHandler) -> BatchHandler:
        """Handles seat commands."""
        return self._handler(handler, booking_steps.of_decided_command)

    def result_handler(self, handler: BatchHandler) -> BatchHandler:
        """Handles their results."""
        return self._handler(handler, booking_steps.of_applied_result)

    def booking_ids(self, new_id: Callable[[], UUID], per_second: int) -> Callable[[], UUID]:
        """Makes ids of bookings, so many of which are traced at least."""
        return new_id if self.traces is None else FollowedIds(new_id, self.traces, per_second)

    def intake(self, intake: IBookingIntake) -> IBookingIntake:
        """Takes bookings in."""
        return intake if self.traces is None else TracedBookingIntake(intake, self.traces)

    def commands(self, commands: ISeatCommandPublisher) -> ISeatCommandPublisher:
        """Sends what bookings owe."""
        return commands if self.traces is None else TracedSeatCommands(commands, self.traces)

    def unit_of_work(self, unit_of_work: ITicketingUnitOfWork) -> ITicketingUnitOfWork:
        """Runs transactions."""
        if self.traces is None:
            return unit_of_work
        return TracedUnitOfWork(unit_of_work, self.traces)

    def notices(self, notices: ILiveNoticePublisher) -> ILiveNoticePublisher:
        """Wakes viewers."""
        return notices if self.traces is None else TracedLiveNotices(notices, self.traces)

    def gateway(self, gateway: IPaymentGateway) -> IPaymentGateway:
        """Takes the money."""
        return gateway if self.traces is None else TracedPaymentGateway(gateway, self.traces)

    def _sender(self, bus: MessagePublisher, describe: Describe) -> MessagePublisher:
        if self.traces is None:
            return bus
        return TracedPublisher(bus, MessageTraces(self.traces, peek_booking_id), describe)

    def _handler(self, handler: BatchHandler, describe: Describe) -> BatchHandler:
        if self.traces is None:
            return handler
        return traced_handler(handler, MessageTraces(self.traces, peek_booking_id), describe)

    def _around_a_store_call(
        self, meter: CallMeter
    ) -> Callable[[str], AbstractContextManager[None]]:
        traces = self.traces
        if traces is None:
            return meter.timed

        @contextmanager
        def timed_and_traced(call: str) -> Iterator[None]:
            with meter.timed(call), traces.inside(f"seat store {call}", kind=SpanKind.CLIENT):
                yield

        return timed_and_traced


@contextmanager
def open_telemetry(settings: ProcessSettings, role: str) -> Iterator[Telemetry]:
    """The telemetry of a process that runs as ``role``, within the block."""
    with _open_traces(settings, role) as traces:
        yield Telemetry(_process_registry(role), traces)


def _process_registry(role: str) -> CollectorRegistry:
    """To begin with what the operating system and the interpreter keep of the process."""
    # A series for each counter, to say since when it counts: nobody asks.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    build = Info("onsale_build", "Which onsale runs here, and as what", registry=registry)
    build.info({"version": version("onsale"), "role": role})
    return registry


@contextmanager
def _open_traces(settings: ProcessSettings, role: str) -> Iterator[Traces | None]:
    endpoint, directory = settings.trace_endpoint, settings.trace_directory
    if settings.trace_ratio == 0 or (endpoint is None and directory is None):
        yield None
        return
    # Half a second and many megabytes, which those who trace nothing need not spend.
    from onsale.platform.observability import span_export  # noqa: PLC0415

    with ExitStack() as stack:
        if endpoint is not None:
            exporter = span_export.collector_exporter(endpoint)
        else:
            assert directory is not None
            exporter = span_export.file_exporter(directory, role)
        sink = stack.enter_context(span_export.span_export(role, exporter))
        yield Traces(settings.trace_ratio, sink)
