"""What Hypothesis draws for the rules of a sale."""

from dataclasses import dataclass

from hypothesis import strategies as st

GOOD_CARD, DECLINED_CARD = "4242424242424242", "4000000000000002"


@dataclass(frozen=True, slots=True)
class Request:
    """What a buyer asks for; without seats, the best available ones."""

    subsection: int
    seats: tuple[str, ...]
    quantity: int


# Few requests, so that bookings want the same seats and repeat each other all the time.
requests = st.sampled_from(
    [
        Request(1, ("1-1",), 1),
        Request(1, ("1-1", "1-2"), 2),
        Request(1, ("2-2", "2-3"), 2),
        Request(1, (), 1),
        Request(1, (), 3),
        Request(2, ("1-2",), 1),
        Request(2, (), 2),
    ]
)
which = st.integers(0, 5)
counts = st.integers(1, 4)
interruptions = st.sampled_from(["cancel", "pay", "hold_runs_out", "settle_payments", "load"])
troubles = st.sampled_from(["lost", "overtaken", "repeated"])
rarely = st.sampled_from([False, False, False, True])
cards = st.sampled_from([GOOD_CARD, GOOD_CARD, DECLINED_CARD])
# A buyer's number and a key, so that buyers share the names of their keys and nothing else.
keys = st.sampled_from([None, None, "first", "second"])
