"""How much is measured: enough for a figure to mean something, or only that everything runs."""

import msgspec


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of bookings, seats, viewers and repetitions."""

    repetitions: int = 3
    warm_up_bookings: int = 60_000
    accepted_bookings: int = 15_000
    sell_out_bookings: int = 50_000
    sell_out_subsections: int = 100
    drain_bookings: int = 50_000
    floor_batches: int = 300
    one_by_one_bookings: int = 4_000
    latency_warm_up_seconds: float = 40.0
    latency_seconds: float = 30.0
    event_seats: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    row_by_row_seats: int = 10_000
    store_seats: int = 50_000
    growth_bookings: int = 20_000
    growth_seats: tuple[int, ...] = (20_000, 100_000, 1_000_000)
    growth_events: tuple[int, ...] = (1, 100, 10_000)
    read_requests: int = 10_000
    refusals: int = 20_000
    viewers: int = 5_000
    viewer_seconds: float = 20.0
    viewer_bookings_per_second: float = 1_000.0


FULL = Sizes()
QUICK = Sizes(
    repetitions=1,
    warm_up_bookings=1_000,
    accepted_bookings=1_500,
    sell_out_bookings=3_000,
    sell_out_subsections=20,
    drain_bookings=2_000,
    floor_batches=20,
    one_by_one_bookings=300,
    latency_warm_up_seconds=1.0,
    latency_seconds=3.0,
    event_seats=(10_000,),
    row_by_row_seats=1_000,
    store_seats=5_000,
    growth_bookings=1_000,
    growth_seats=(2_000, 10_000),
    growth_events=(1, 20),
    read_requests=500,
    refusals=1_000,
    viewers=100,
    viewer_seconds=3.0,
    viewer_bookings_per_second=100.0,
)
