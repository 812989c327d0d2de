"""Which time of a round the faults excuse."""

import math
from collections.abc import Sequence

from storm.checker.calm import Span
from storm.faults import Strike

# From the first sales in every lane until what was lost on its way was sent again.
CATCHING_UP_SECONDS = 8.0


def outages(strikes: Sequence[Strike]) -> list[Span]:
    """From each strike until the system sold again and had time to catch up; one that was never
    got over, which is a violation by itself, excuses all that comes after it.
    """
    return [
        Span(
            strike.struck_at,
            math.inf
            if strike.recovered_at is None
            else max(strike.over_at, strike.recovered_at) + CATCHING_UP_SECONDS,
        )
        for strike in strikes
    ]
