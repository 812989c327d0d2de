"""The service does what its OpenAPI document says, whatever is sent: schemathesis makes it up.

Every operation is called with what the document allows and with what it forbids. No answer may be
an internal error, have a status, a content type or a body that is not documented, or accept what
the document forbids.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support.authorization import NOBODY_LISTENS
from tests.support.onsale_up import OnsaleUp, clean_environment
from tests.support.visitors import Buyer, Seller, regular_hall

SCHEMATHESIS = Path(sys.executable).with_name("st")
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# The same calls each time; another seed finds other things: SEED=7 make conformance.
SEED = os.environ.get("SEED", "1")
EXAMPLE_COUNT_MAX = int(os.environ.get("EXAMPLES", "4"))
RUN_SECONDS_MAX = 300
CALL_COUNT_MIN = 20

# Who calls what and how: all boundary values once, by those who may call; made up ones by all.
BOUNDARIES = "examples,coverage,fuzzing"
MADE_UP = "examples,fuzzing"
LEFT_TO_LONG = {"anybody, what needs a session", "a buyer, the rest", "a seller, the rest"}
RUNS = {
    "a buyer, bookings": ("buyer", BOUNDARIES, ["--include-tag", "bookings"]),
    "a seller, events": ("seller", BOUNDARIES, ["--include-tag", "events"]),
    "a seller, webhooks": ("seller", BOUNDARIES, ["--include-tag", "webhooks"]),
    "anybody, the rest": (
        "anonymous",
        BOUNDARIES,
        ["--exclude-tag", "bookings", "--exclude-tag", "events"],
    ),
    "anybody, what needs a session": ("anonymous", MADE_UP, ["--include-tag", "bookings"]),
    "a buyer, the rest": ("buyer", MADE_UP, ["--exclude-tag", "bookings"]),
    "a seller, the rest": ("seller", MADE_UP, ["--exclude-tag", "events"]),
}


@pytest.mark.slow
@pytest.mark.timeout(RUN_SECONDS_MAX + 60)
@pytest.mark.parametrize(
    "run",
    [pytest.param(name, marks=pytest.mark.long if name in LEFT_TO_LONG else ()) for name in RUNS],
)
async def test_the_service_keeps_to_its_document(
    system: OnsaleUp,
    http: httpx.AsyncClient,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    run: str,
) -> None:
    role, phases, operations = RUNS[run]
    seller, buyer, leaver = await Seller.join(http), await Buyer.join(http), await Buyer.join(http)
    event_id = await seller.open_event(regular_hall(rows=20, cols=50))
    held = await buyer.hold(event_id)
    webhook = await seller.expect(201, "POST", "/api/webhook", {"url": NOBODY_LISTENS})
    tokens = {"buyer": buyer.token, "seller": seller.token, "anonymous": ""}
    session = ["--header", f"Authorization: Bearer {tokens[role]}"] if tokens[role] else []

    outcome = subprocess.run(  # noqa: ASYNC221 - nothing else runs on this loop
        [
            *(SCHEMATHESIS, "--config-file", CONFIGURATION, "run"),
            *(f"{system.base_url}/openapi.json", *session, *operations),
            *("--phases", phases, "--max-examples", str(EXAMPLE_COUNT_MAX), "--seed", SEED),
            *("--warnings", "off", "--continue-on-failure", "--no-shrink", "--no-color"),
        ],
        env={
            **clean_environment(),
            "EVENT_ID": str(event_id),
            "BOOKING_ID": held["id"],
            "WEBHOOK_ID": str(webhook["id"]),
            "SPARE_TOKEN": leaver.token,
        },
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )

    report = outcome.stdout
    assert outcome.returncode == 0, report + outcome.stderr
    calls = re.search(r"(\d+) generated", report)
    assert calls is not None, report
    closing_line = report.rstrip().rpartition("\n")[2].strip("= ")
    record_property("shown", f"schemathesis, {run}, {calls[1]} calls: {closing_line}")
    assert int(calls[1]) >= CALL_COUNT_MIN, "schemathesis has hardly called anything"
