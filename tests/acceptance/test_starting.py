"""What a start says: what to type next, or what stands in its way."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from onsale.platform.embedded.ports import free_port
from tests.servers.waiting import eventually
from tests.support.missing import is_missing
from tests.support.onsale_up import OnsaleUp, clean_environment, data_directory, run_onsale
from tests.support.polling import wait_for
from tests.support.role import running_role
from tests.support.visitors import JsonObject, connections


def test_what_the_first_start_says_to_type_next_can_be_pasted(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        is_missing("curl")
    with data_directory() as data:
        system = OnsaleUp(data, has_demo=True, has_traces=True)
        try:
            system.start()
            printed = system.console.read_text()
            pasted = printed[printed.index("    JAR=") : printed.index("Ctrl-C stops it")]
            answers, traced = pasted_into_bash(pasted, tmp_path)
            (check,) = re.findall(r"^  check  (.*)$", printed, re.MULTILINE)
            checked = bash(check, tmp_path)
            system.stop()
        finally:
            system.kill()
    assert answers[0]["role"] == "buyer"
    assert [each.get("status") for each in answers[1:]] == ["pending_payment", *["completed"] * 2]
    assert [bool(ticket["code"]) for ticket in answers[-1]["tickets"]] == [True, True]
    assert traced.startswith(f"booking {answers[-1]['id']}, ")
    assert "0 differences" in checked


def pasted_into_bash(lines: str, directory: Path) -> tuple[list[JsonObject], str]:
    """What the printed lines answer in a folder that is not the system's, and the trace's tree."""
    shown = bash(lines, directory)
    answers = [json.loads(line) for line in shown.splitlines() if line.startswith("{")]
    tree = re.search(r"^booking \S+, .*", shown, re.MULTILINE | re.DOTALL)
    assert tree is not None, shown
    return answers, tree[0]


def bash(lines: str, directory: Path) -> str:
    """What these lines print."""
    run = subprocess.run(
        ["bash", "-c", lines],  # noqa: S607 - whichever bash there is
        cwd=directory,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return run.stdout


def test_a_data_directory_serves_one_command_at_a_time(system: OnsaleUp) -> None:
    first = system.pid("api")
    second = run_onsale("up", "--data", system.data, "--port", str(free_port()))
    assert second.returncode == 1
    assert f"{system.data} is in use by another onsale" in second.stderr
    assert "Traceback" not in second.stderr
    assert system.pid("api") == first is not None, "the first one has not noticed"


def test_a_port_in_use_is_said_before_anything_is_started(system: OnsaleUp) -> None:
    with data_directory() as data:
        second = run_onsale("up", "--data", data, "--port", str(system.port))
        assert second.returncode == 1
        assert f"cannot listen at 127.0.0.1:{system.port}" in second.stderr
        assert "--port" in second.stderr, "the next step is told"
        assert "Traceback" not in second.stderr
        assert not data.exists()


def test_ctrl_c_while_starting_ends_it_in_order() -> None:
    with data_directory() as data:
        system = OnsaleUp(data)
        try:
            system.launch()
            system.wait_for_line("redis ready")
            system.stop()
        finally:
            system.kill()


def test_a_system_that_was_stopped_is_said_not_to_run() -> None:
    with data_directory() as data:
        system = OnsaleUp(data)
        try:
            system.start()
            system.stop()
        finally:
            system.kill()
        for command in (["verify"], ["dlq", "list"], ["db", "upgrade"]):
            run = run_onsale(*command, "--data", data)
            assert run.returncode == 4
            assert f"the system in {data} is not running" in run.stderr
            assert f"onsale up --data {data}" in run.stderr
            assert run.stderr.count("\n") == 1


async def test_every_line_is_one_object_whatever_strangers_send(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    port = free_port()
    environment = {
        "ONSALE_DATABASE_URL": database_url,
        "ONSALE_SEAT_STORE_URL": redis_url,
        "ONSALE_BUS": "redis",
        "ONSALE_TOKEN_SECRET": "a-secret-of-32-bytes-or-some-more",
        "ONSALE_PORT": str(port),
    }
    with running_role(tmp_path / "log", "api", environment=environment) as log:
        await eventually(lambda: "role_ready" in log.read_text(), timeout_seconds=30)
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"NO HTTP AT ALL\r\n\r\n")
            await writer.drain()
            writer.close()
        await eventually(lambda: "Invalid HTTP request" in log.read_text())
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["role"] for line in lines} == {"api"}
    assert sum(line["event"] == "library_spoke" for line in lines) == 1


async def test_an_api_is_ready_once_its_database_has_a_schema(
    tmp_path: Path, empty_database_url: str, redis_url: str
) -> None:
    port = free_port()
    environment = {
        "ONSALE_DATABASE_URL": empty_database_url,
        "ONSALE_SEAT_STORE_URL": redis_url,
        "ONSALE_BUS": "redis",
        "ONSALE_TOKEN_SECRET": "a-secret-of-32-bytes-or-some-more",
        "ONSALE_PORT": str(port),
    }
    with running_role(tmp_path / "log", "api", environment=environment) as log:
        async with connections(f"http://127.0.0.1:{port}") as http:

            async def readiness() -> tuple[int, list[str], str]:
                try:
                    answer = await http.get("/readyz")
                except httpx.TransportError:
                    return 0, [], ""
                problem = answer.json()
                return answer.status_code, problem.get("down", []), problem.get("detail", "")

            behind = (503, ["schema"], "schema: behind; onsale db upgrade")
            await wait_for(readiness, lambda now: now == behind, seconds_max=30)
            upgraded = run_onsale("db", "upgrade", environment=environment, cwd=tmp_path)
            assert upgraded.returncode == 0, upgraded.stderr
            await wait_for(readiness, lambda now: now == (200, [], ""), seconds_max=30)
    assert logged(log, "schema_behind")["error"] == "schema: behind; onsale db upgrade"
    assert "does not exist" not in log.read_text()
    ready = logged(log, "role_ready")
    assert (ready["role"], ready["bus"]) == ("api", "redis")
    assert (ready["host"], ready["port"]) == ("127.0.0.1", port)


@pytest.mark.parametrize("worker", ["seat-reservation", "ticketing"])
async def test_a_worker_says_when_it_is_ready_and_on_which_bus(
    tmp_path: Path, database_url: str, redis_url: str, worker: str
) -> None:
    environment = {
        "ONSALE_DATABASE_URL": database_url,
        "ONSALE_SEAT_STORE_URL": redis_url,
        "ONSALE_BUS": "redis",
    }
    ready = await told_by(tmp_path / "log", worker, environment)
    assert (ready["role"], ready["bus"], ready["metrics_port"]) == (worker, "redis", None)


async def test_the_webhooks_worker_needs_the_database_and_the_secret_alone(
    tmp_path: Path, database_url: str
) -> None:
    environment = {
        "ONSALE_DATABASE_URL": database_url,
        "ONSALE_TOKEN_SECRET": "a-secret-of-32-bytes-that-is-never-shown",
    }
    ready = await told_by(tmp_path / "log", "webhooks", environment)
    assert (ready["role"], ready["metrics_port"]) == ("webhooks", None)


async def told_by(log: Path, worker: str, environment: Mapping[str, str]) -> JsonObject:
    """What this worker says once it is ready."""
    with running_role(log, "worker", worker, environment=environment):
        await eventually(lambda: "role_ready" in log.read_text(), timeout_seconds=30)
    return logged(log, "role_ready")


def logged(log: Path, event: str) -> JsonObject:
    """The only line of this event."""
    lines: list[JsonObject] = [json.loads(line) for line in log.read_text().splitlines()]
    (found,) = [line for line in lines if line["event"] == event]
    return found
