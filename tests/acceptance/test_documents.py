"""What the documents have newcomers type, typed as it is written."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from onsale.platform.embedded.ports import free_port
from tests.servers.protocol import PROJECT
from tests.servers.waiting import eventually
from tests.support.missing import is_missing
from tests.support.onsale_up import OnsaleUp, data_directory

TYPED_SECONDS_MAX = 60.0
# A delivery that fails is tried again after five seconds.
PINGED_SECONDS_MAX = 30.0
_ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def ours() -> Iterator[OnsaleUp]:
    """A system of our own: what is typed makes accounts of fixed names."""
    if shutil.which("curl") is None:
        is_missing("curl")
    with data_directory() as data:
        network = {"ONSALE_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}
        system = OnsaleUp(data, environment=network)
        try:
            system.start()
            yield system
        finally:
            system.kill()


def _blocks(page: str, heading: str, language: str) -> list[str]:
    text = (PROJECT / "docs" / page).read_text()
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    return re.findall(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


@contextmanager
def _typing(block: str, system: OnsaleUp, directory: Path) -> Iterator[Path]:
    """What it prints, complaints too; whatever it left running ends with the block."""
    assert block.count(_ADDRESS) == 1
    printed = directory / "printed"
    with printed.open("wb") as out:
        process = subprocess.Popen(
            ["bash", "-c", block.replace(_ADDRESS, system.base_url)],  # noqa: S607 - whichever
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        assert process.wait(TYPED_SECONDS_MAX) == 0, printed.read_text()
        yield printed
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_quickstart_comes_to_a_ticket_with_a_code_and_can_be_typed_again(
    ours: OnsaleUp, tmp_path: Path
) -> None:
    (block,) = _blocks("quickstart.md", "The same with curl", "sh")
    for is_again in (False, True):
        with _typing(block, ours, tmp_path) as out:
            printed = out.read_text()
        assert "curl:" not in printed, "a complaint, or what looks like one"
        assert ("EMAIL_TAKEN" in printed) is is_again
        assert '"status":"pending_payment"' in printed
        completed = [line for line in printed.splitlines() if '"status":"completed"' in line]
        assert any(len(re.findall(r'"code":"[^"]+"', line)) == 2 for line in completed), printed


async def test_a_receiver_is_pinged_and_knows_that_it_is_us(ours: OnsaleUp, tmp_path: Path) -> None:
    (receiver,) = _blocks("webhooks.md", "Try it here", "python")
    start, block = _blocks("webhooks.md", "Try it here", "sh")
    assert start == "ONSALE_WEBHOOK_ALLOWED_NETWORKS=127.0.0.0/8 make run\n"
    port = str(free_port())
    (tmp_path / "receiver.py").write_text(receiver.replace("8999", port))
    (tmp_path / ".venv").symlink_to(sys.prefix)
    pinged = re.compile(r'^genuine \{"type":"ping"', re.MULTILINE)
    with _typing(block.replace("8999", port), ours, tmp_path) as out:
        await eventually(
            lambda: pinged.search(out.read_text()) is not None, timeout_seconds=PINGED_SECONDS_MAX
        )
