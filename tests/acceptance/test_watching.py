"""``onsale top`` beside a service that is restarted."""

import json
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.onsale_up import ONSALE, OnsaleUp, clean_environment, running_system

COMMAND_SECONDS_MAX = 60.0
LOOKS_MAX = 300


@pytest.fixture
def harmed() -> Iterator[OnsaleUp]:
    with running_system() as system:
        yield system


def test_watching_goes_on_when_the_api_is_restarted(harmed: OnsaleUp) -> None:
    with subprocess.Popen(
        [str(ONSALE), "top", "--data", str(harmed.data), "--interval", "0.2", "--json"],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:

        def next_look(*, is_away: bool) -> Any:  # noqa: ANN401 - JSON
            assert process.stdout is not None
            for _ in range(LOOKS_MAX):
                look = json.loads(process.stdout.readline())
                if (look["away_seconds"] is not None) is is_away:
                    return look
            raise AssertionError(f"not within {LOOKS_MAX} looks")

        next_look(is_away=False)
        harmed.send("api", signal.SIGKILL)
        up = {each["name"]: each["is_up"] for each in next_look(is_away=True)["processes"]}
        assert up == {"api": False, "seat-reservation": True, "ticketing": True, "webhooks": True}
        next_look(is_away=False)
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=COMMAND_SECONDS_MAX)
    assert (process.returncode, complaints) == (0, "")
