"""``onsale`` whose meters do nothing and that looks at nothing for their sake: what the others are
compared with. Takes the arguments of ``onsale``; the roles of an ``up`` are run in the same way.
"""

import sys

from prometheus_client import Counter, Gauge, Histogram

from onsale import embedded_system
from onsale.cli import main
from onsale.platform.observability.lag_watch import LagWatch
from onsale.service.ticketing.driven_adapter.metrics.ledger_gauges import LedgerGauges

COMMAND = (sys.executable, __file__)


def _nothing(*_: object) -> None:
    pass


async def _look_at_nothing(_: object) -> None:
    pass


if __name__ == "__main__":
    for meter, method in ((Counter, "inc"), (Histogram, "observe"), (Gauge, "set")):
        setattr(meter, method, _nothing)
    for watch in (LagWatch, LedgerGauges):
        setattr(watch, "look", _look_at_nothing)  # noqa: B010 - mypy takes no assignment to it
    embedded_system.ROLE_COMMAND = COMMAND
    main()
