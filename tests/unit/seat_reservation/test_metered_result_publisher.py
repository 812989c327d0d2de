"""What the seat store decided, as metrics."""

from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry
from uuid_utils.compat import uuid7

from onsale.platform.exceptions import UnavailableError
from onsale.service.seat_reservation.driven_adapter.metrics.metered_result_publisher import (
    MeteredResultPublisher,
)
from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    SeatResult,
    SeatsRefused,
    SeatsReserved,
)


class Publisher:
    is_away = False

    async def publish(self, results: Sequence[SeatResult]) -> None:
        if self.is_away:
            raise UnavailableError("message-bus", "gone")


def reserved() -> SeatsReserved:
    return SeatsReserved(
        booking_id=uuid7(), event_id=1, section="A", subsection=1, epoch=1, seq=1, positions=()
    )


def refused(reason: RefusalReason) -> SeatsRefused:
    return SeatsRefused(
        booking_id=uuid7(), event_id=1, section="A", subsection=1, epoch=1, seq=1, reason=reason
    )


async def test_results_are_counted_once_they_are_published() -> None:
    registry, publisher = CollectorRegistry(), Publisher()
    metered = MeteredResultPublisher(publisher, registry)

    def count(result: str) -> float | None:
        return registry.get_sample_value("onsale_seat_results_total", {"result": result})

    await metered.publish([reserved(), reserved(), refused(RefusalReason.SOLD_OUT)])
    publisher.is_away = True
    with pytest.raises(UnavailableError):
        await metered.publish([reserved()])
    assert (count("reserved"), count("sold_out"), count("seat_conflict")) == (2, 1, 0)
