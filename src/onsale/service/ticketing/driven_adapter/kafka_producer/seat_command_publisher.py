"""Sends the seat commands that bookings owe."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from msgspec.structs import asdict

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import Message, MessagePublisher
from onsale.platform.pace import Pace
from onsale.service.shared_kernel.seat_messages import (
    FinalizeSeats,
    ReleaseSeats,
    ReserveSeats,
    ReserveSeatsByRules,
    SeatCommand,
    SelectionMode,
    encode,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking, OwedCommand

RESERVE_DEADLINE = timedelta(minutes=15)
OUTBOX_COUNT_MAX = 20_000
SEND_COUNT_MAX = 500
DRAIN_SECONDS_MAX = 5.0


class SeatCommandPublisher:
    """See ``ISeatCommandPublisher``.

    What is posted leaves in the background, many messages at a time. The outbox is the table: when
    too many wait here, or the broker is away, messages are dropped and sent again from there.
    """

    def __init__(
        self,
        bus: MessagePublisher,
        topics: KafkaTopicBuilder,
        on_error: Callable[[Exception], None],
        *,
        send_count_max: int = SEND_COUNT_MAX,
    ) -> None:
        """``on_error`` hears of messages that will have to be sent again from the table."""
        self._send_count_max = send_count_max
        self._pace = Pace(send_count_max)
        self._bus = bus
        self._topics = topics
        self._on_error = on_error
        self._posted: deque[Message] = deque(maxlen=OUTBOX_COUNT_MAX)
        self._wake = asyncio.Event()
        self._sending = asyncio.Lock()

    async def publish(self, bookings: Sequence[Booking], epochs: Mapping[int, int]) -> None:
        await self._bus.publish(self._topics.seat_commands(), self._messages(bookings, epochs))

    def post(self, bookings: Sequence[Booking], epochs: Mapping[int, int]) -> None:
        for message in self._messages(bookings, epochs):
            if len(self._posted) < OUTBOX_COUNT_MAX:
                self._posted.append(message)
        self._wake.set()

    @property
    def waiting_count(self) -> int:
        """How many posted messages have not left yet."""
        return len(self._posted)

    async def run(self) -> None:
        """Send what is posted, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._posted:
                await asyncio.sleep(self._pace.seconds_to_wait())
                try:
                    await self.flush()
                except UnavailableError as error:
                    self._on_error(error)

    async def flush(self) -> None:
        """Send the next posted messages, as many as one call of the broker takes.

        Raises:
            UnavailableError: not all were acknowledged; they are sent again from the table.
        """
        async with self._sending:
            count = min(self._send_count_max, len(self._posted))
            if count == 0:
                return
            self._pace.begin(count)
            messages = [self._posted.popleft() for _ in range(count)]
            await self._bus.publish(self._topics.seat_commands(), messages)

    async def drain(self) -> None:
        """Give what is posted, or on its way, a bounded time to leave; the rest stays owed."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS_MAX):
                while self._posted or self._sending.locked():
                    await self.flush()
        except (TimeoutError, UnavailableError) as error:
            self._on_error(error)

    def _messages(self, bookings: Sequence[Booking], epochs: Mapping[int, int]) -> list[Message]:
        return [
            Message(
                self._topics.subsection_key(booking.event_id, booking.section, booking.subsection),
                encode(_command(booking, epochs.get(booking.event_id, 0))),
            )
            for booking in bookings
            if booking.command is not None
        ]


def _command(booking: Booking, epoch: int) -> SeatCommand:
    kind: type[ReleaseSeats | FinalizeSeats]
    match booking.command:
        case OwedCommand.RELEASE:
            kind = ReleaseSeats
        case OwedCommand.FINALIZE:
            kind = FinalizeSeats
        case _:
            is_manual = booking.seat_selection_mode is SelectionMode.MANUAL
            reserve = ReserveSeats(
                booking_id=booking.id,
                event_id=booking.event_id,
                section=booking.section,
                subsection=booking.subsection,
                epoch=epoch,
                seq=booking.command_seq,
                booked_at=booking.created_at,
                mode=booking.seat_selection_mode,
                quantity=booking.quantity,
                positions=booking.seat_positions if is_manual else (),
                deadline=booking.created_at + RESERVE_DEADLINE,
            )
            if booking.seat_rules is None:
                return reserve
            return ReserveSeatsByRules(**asdict(reserve), rules=booking.seat_rules)
    return kind(
        booking_id=booking.id,
        event_id=booking.event_id,
        section=booking.section,
        subsection=booking.subsection,
        epoch=epoch,
        seq=booking.command_seq,
        booked_at=booking.created_at,
    )
