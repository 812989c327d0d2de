"""What the seat store decided, as metrics."""

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter

from onsale.service.seat_reservation.app.interface.i_seat_result_publisher import (
    ISeatResultPublisher,
)
from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    SeatResult,
    SeatsFinalized,
    SeatsRefused,
    SeatsReleased,
    SeatsReserved,
    SeatStateStale,
)

_NAMES: dict[type[SeatResult], str] = {
    SeatsReserved: "reserved",
    SeatsReleased: "released",
    SeatsFinalized: "finalized",
    SeatStateStale: "stale",
}


class MeteredResultPublisher:
    """See ``ISeatResultPublisher``; counts what was published. A refusal counts as its reason."""

    def __init__(self, publisher: ISeatResultPublisher, registry: CollectorRegistry) -> None:
        self._publisher = publisher
        self._results = Counter(
            "onsale_seat_results",
            "Results of seat commands, refusals by their reason",
            ("result",),
            registry=registry,
        )
        for name in (*_NAMES.values(), *RefusalReason):
            self._results.labels(name)

    async def publish(self, results: Sequence[SeatResult]) -> None:
        await self._publisher.publish(results)
        for name, count in Tally(map(_name, results)).items():
            self._results.labels(name).inc(count)


def _name(result: SeatResult) -> str:
    return result.reason.value if isinstance(result, SeatsRefused) else _NAMES[type(result)]
