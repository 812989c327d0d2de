"""The programs in ``examples/``, as somebody runs them who reads them first."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.onsale_up import CARD_NUMBER, PASSWORD, OnsaleUp, clean_environment
from tests.support.visitors import new_email

EXAMPLES = Path(__file__).parents[2] / "examples"
RUN_SECONDS_MAX = 60.0


def command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments]


def run(
    system: OnsaleUp, name: str, *arguments: str, said: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(name, *arguments),
        env={**clean_environment(), "ONSALE_URL": system.base_url},
        input=said,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )


@contextmanager
def selling(system: OnsaleUp, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command("seller", *arguments),
        env={**clean_environment(), "ONSALE_URL": system.base_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def account() -> list[str]:
    return ["--email", new_email(), "--password", PASSWORD]


def test_a_seller_a_buyer_and_a_door(system: OnsaleUp) -> None:
    seller, buyer = account(), account()
    with selling(system, *seller, "--until-sold", "2") as watching:
        assert watching.stdout is not None
        event_id = watching.stdout.readline().strip()
        while not watching.stdout.readline().startswith("available: 240 left"):
            assert watching.poll() is None

        refused = run(system, "buyer", event_id, *buyer, "--card", "4000 0000 0000 0002")
        assert refused.returncode == 1, refused.stderr
        assert "declined: card_declined" in refused.stderr
        bought = run(system, "buyer", event_id, *buyer, "--seats", "2", "--card", CARD_NUMBER)
        assert bought.returncode == 0, bought.stderr
        codes = bought.stdout.split()
        assert len(codes) == 2

        said, errors = watching.communicate(timeout=RUN_SECONDS_MAX)
        assert watching.returncode == 0, errors
        assert said.splitlines()[-1] == "revenue 90.00 EUR"

    door = run(system, "door", event_id, *seller, said="\n".join([*codes, codes[0], "nonsense"]))
    first, second, again, nonsense = door.stdout.splitlines()
    assert first.startswith("welcome: Stalls 1, row 1, seat ")
    assert second.startswith("welcome: ")
    assert again.startswith("no: came in at ")
    assert nonsense == "no: not a ticket for this event"
