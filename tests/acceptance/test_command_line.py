"""The command as a person meets it: its help, its complaints, its documentation."""

import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from alembic.script import ScriptDirectory
from typing_extensions import override

from onsale.platform.database.migrate import alembic_config, upgrade
from tests.support.onsale_up import NOWHERE, run_onsale
from tests.support.role import running_role
from tests.support.visitors import JsonObject, Visitor

COMMANDS = [
    [],
    ["up"],
    ["api"],
    ["worker"],
    ["worker", "seat-reservation"],
    ["worker", "ticketing"],
    ["worker", "webhooks"],
    ["db"],
    ["db", "upgrade"],
    ["verify"],
    ["seats"],
    ["seats", "rebuild"],
    ["dlq"],
    ["dlq", "list"],
    ["dlq", "redrive"],
    ["user"],
    ["event"],
    ["event", "create"],
    ["booking"],
    ["config"],
    ["top"],
]
SECRET = "a-secret-of-32-bytes-that-is-never-shown"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    shown = run_onsale(*command, "--help")
    assert shown.returncode == 0, shown.stderr
    assert f"Usage: onsale {' '.join(command)}".rstrip() in shown.stdout
    assert shown.stderr == ""


@pytest.mark.parametrize(
    ("command", "environment", "named"),
    [
        (["api"], {}, "ONSALE_DATABASE_URL"),
        (["api"], NOWHERE, "ONSALE_TOKEN_SECRET"),
        (["api"], {**NOWHERE, "ONSALE_TOKEN_SECRET": SECRET[:31]}, "ONSALE_TOKEN_SECRET"),
        (["api"], {**NOWHERE, "ONSALE_TOKEN_SECRET": SECRET, "ONSALE_PORT": "x"}, "ONSALE_PORT"),
        (["worker", "ticketing"], {}, "ONSALE_SEAT_STORE_URL"),
        (["worker", "ticketing"], {**NOWHERE, "ONSALE_BUS": "pigeons"}, "ONSALE_BUS"),
        (["worker", "ticketing"], {**NOWHERE, "ONSALE_BUS": "kafka"}, "ONSALE_KAFKA_BOOTSTRAP"),
        (["verify"], {"ONSALE_SEAT_STORE_URL": "redis://store/0"}, "ONSALE_DATABASE_URL"),
        (["worker", "webhooks"], NOWHERE, "ONSALE_TOKEN_SECRET"),
        (
            ["worker", "webhooks"],
            {**NOWHERE, "ONSALE_WEBHOOK_ALLOWED_NETWORKS": "everything"},
            "ONSALE_WEBHOOK_ALLOWED_NETWORKS",
        ),
    ],
    ids=[
        "no settings",
        "no secret",
        "a short secret",
        "a port that is none",
        "no settings of a worker",
        "an unknown broker",
        "Kafka without an address",
        "a seat store without a ledger",
        "no secret of the webhooks",
        "networks that are none",
    ],
)
def test_a_setting_that_is_missing_or_wrong_is_named(
    tmp_path: Path, command: list[str], environment: dict[str, str], named: str
) -> None:
    run = run_onsale(*command, environment=environment, cwd=tmp_path, seconds_max=30)
    assert run.returncode in (1, 2)
    assert named in run.stderr
    shown = run.stdout + run.stderr
    assert "Traceback" not in shown
    for secret in (SECRET, SECRET[:31], "hidden-word"):
        assert secret not in shown


def test_everything_that_a_role_lacks_is_said_at_once(tmp_path: Path) -> None:
    run = run_onsale("api", cwd=tmp_path, seconds_max=30)
    assert run.returncode == 2
    for name in ("DATABASE_URL", "SEAT_STORE_URL", "KAFKA_BOOTSTRAP", "TOKEN_SECRET"):
        assert f"onsale: ONSALE_{name} is not set: " in run.stderr
    assert run.stderr.count("\n") == 4


def test_a_misspelt_setting_is_said(tmp_path: Path) -> None:
    environment = {**NOWHERE, "ONSALE_TOKEN_SECRT": "hidden-word"}
    run = run_onsale("api", environment=environment, cwd=tmp_path, seconds_max=30)
    assert "ONSALE_TOKEN_SECRT is no setting" in run.stderr
    assert "did you mean ONSALE_TOKEN_SECRET?" in run.stderr
    assert "hidden-word" not in run.stderr


def test_a_misspelt_file_of_a_secret_is_said(tmp_path: Path) -> None:
    (tmp_path / "onsale_token_secrt").write_text("hidden-word")
    environment = {**NOWHERE, "ONSALE_SECRETS_DIR": str(tmp_path)}
    run = run_onsale("api", environment=environment, cwd=tmp_path, seconds_max=30)
    assert f"{tmp_path}/onsale_token_secrt is no setting, and has no effect" in run.stderr
    assert "did you mean onsale_token_secret?" in run.stderr
    assert "hidden-word" not in run.stderr


def test_secrets_come_from_files_and_a_wrong_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "onsale_database_url").write_text(NOWHERE["ONSALE_DATABASE_URL"])
    folder = {"ONSALE_SECRETS_DIR": str(tmp_path)}
    run = run_onsale("db", "upgrade", environment=folder, cwd=tmp_path, seconds_max=30)
    assert (run.returncode, "postgresql" in run.stderr) == (4, True), run.stderr
    folder = {"ONSALE_SECRETS_DIR": str(tmp_path / "nowhere")}
    run = run_onsale("db", "upgrade", environment=folder, cwd=tmp_path, seconds_max=30)
    assert (run.returncode, "ONSALE_SECRETS_DIR" in run.stderr) == (2, True), run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("command", [["verify"], ["db", "upgrade"]], ids=" ".join)
def test_a_database_that_is_away_is_said_in_a_line(tmp_path: Path, command: list[str]) -> None:
    run = run_onsale(*command, environment=NOWHERE, cwd=tmp_path)
    assert run.returncode == 4
    assert "postgresql is unavailable" in run.stderr
    assert "at postgresql://ada:********@127.0.0.1:1/onsale, as ONSALE_DATABASE_URL" in run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert "hidden-word" not in run.stdout + run.stderr


@pytest.mark.parametrize("command", [["verify"], ["db", "upgrade"]], ids=" ".join)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"path": "/not-there"}, "CREATE DATABASE"),
        ({"netloc": "nobody:hidden-word@"}, "create the role"),
    ],
    ids=["a database that is not there", "a role that is not there"],
)
def test_a_database_that_lets_nobody_in_is_said_with_the_next_step(
    tmp_path: Path, postgres_url: str, command: list[str], changes: dict[str, str], said: str
) -> None:
    url = urlsplit(postgres_url)._replace(**changes).geturl()
    run = run_onsale(*command, environment={**NOWHERE, "ONSALE_DATABASE_URL": url}, cwd=tmp_path)
    _is_one_line_with(run, said)


@pytest.mark.parametrize("command", [["verify"], ["db", "upgrade"]], ids=" ".join)
def test_a_wrong_password_is_said_and_not_shown(tmp_path: Path, command: list[str]) -> None:
    with _refusing_postgres() as port:
        url = f"postgresql://ada:hidden-word@127.0.0.1:{port}/onsale?sslmode=disable"
        environment = {**NOWHERE, "ONSALE_DATABASE_URL": url}
        run = run_onsale(*command, environment=environment, cwd=tmp_path)
    _is_one_line_with(run, "password in ONSALE_DATABASE_URL")


def _is_one_line_with(run: subprocess.CompletedProcess[str], said: str) -> None:
    assert run.returncode == 4
    assert run.stderr.startswith("onsale: postgresql is unavailable")
    assert run.stderr.count("\n") == 1
    assert said in run.stderr
    assert "hidden-word" not in run.stdout + run.stderr


@contextmanager
def _refusing_postgres() -> Iterator[int]:
    """The port of a server that refuses every password, which the tests' own never asks for."""
    refusal = b'SFATAL\0C28P01\0Mpassword authentication failed for user "ada"\0\0'

    def refuse(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(1_024)
                connection.sendall(b"E" + (len(refusal) + 4).to_bytes(4, "big") + refusal)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=refuse, args=(server,))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_an_upgrade_says_from_where_to_where(tmp_path: Path, empty_database_url: str) -> None:
    environment = {"ONSALE_DATABASE_URL": empty_database_url}
    upgrade(empty_database_url, "0001")
    newest = ScriptDirectory.from_config(alembic_config(empty_database_url)).get_current_head()
    said = []
    for _ in range(2):
        run = run_onsale("db", "upgrade", environment=environment, cwd=tmp_path)
        assert (run.returncode, run.stderr) == (0, "")
        said.append(run.stdout)
    assert said == [
        f"The schema was upgraded from revision 0001 to {newest}.\n",
        f"The schema is up to date: revision {newest}, as it was.\n",
    ]


def test_a_first_upgrade_says_that_it_made_the_schema(
    tmp_path: Path, empty_database_url: str
) -> None:
    environment = {"ONSALE_DATABASE_URL": empty_database_url}
    run = run_onsale("db", "upgrade", environment=environment, cwd=tmp_path)
    assert run.stdout.startswith("The schema was made: revision ")


def test_completion_knows_the_commands() -> None:
    asked = {"_ONSALE_COMPLETE": "complete_bash", "COMP_WORDS": "onsale boo", "COMP_CWORD": "1"}
    assert run_onsale(environment=asked).stdout.split() == ["booking"]


def test_the_version_is_told() -> None:
    shown = run_onsale("--version")
    assert (shown.returncode, shown.stdout) == (0, f"onsale {version('onsale')}\n")


def test_a_taken_port_is_said_in_a_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment = {**NOWHERE, "ONSALE_TOKEN_SECRET": SECRET, "ONSALE_PORT": str(port)}
        run = run_onsale("api", environment=environment, cwd=tmp_path)
    assert run.returncode == 1
    assert f"cannot listen at 127.0.0.1:{port}" in run.stderr
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.parametrize("worker", ["seat-reservation", "ticketing"])
def test_a_worker_that_waits_for_its_broker_stops_when_told(tmp_path: Path, worker: str) -> None:
    with running_role(tmp_path / "log", "worker", worker, environment=NOWHERE) as log:
        deadline = time.monotonic() + 30
        while "waiting_for_dependency" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def test_a_command_that_there_is_not_is_a_mistake() -> None:
    assert run_onsale("sell").returncode == 2


class _Links(HTMLParser):
    """Everything that a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        loads = tag in {"script", "link", "img", "iframe"}
        self.links += [value or "" for name, value in attrs if loads and name in {"src", "href"}]


async def test_the_documentation_needs_no_other_host(visitor: Visitor) -> None:
    page = await visitor.send("GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    parser = _Links()
    parser.feed(page.text)
    assert parser.links
    for link in parser.links:
        assert re.match(r"/[^/]", link), f"from another host: {link}"
        assert (await visitor.send("GET", link)).status_code == 200


async def test_the_openapi_document_is_whole(visitor: Visitor) -> None:
    document = await visitor.get("/openapi.json")
    assert document["openapi"].startswith("3.")
    assert document["paths"].keys() >= {
        "/api/user",
        "/api/user/login",
        "/api/user/logout",
        "/api/user/me",
        "/api/event",
        "/api/event/{event_id}",
        "/api/event/{event_id}/sections/{section}/subsection/{subsection}/seats",
        "/api/event/{event_id}/sse",
        "/api/booking",
        "/api/booking/{booking_id}",
        "/api/booking/{booking_id}/pay",
        "/api/booking/{booking_id}/cancel",
        "/api/booking/{booking_id}/sse",
        "/livez",
        "/readyz",
        "/metrics",
    }
    for reference in _references(document):
        target: object = document
        for part in reference.removeprefix("#/").split("/"):
            assert isinstance(target, dict)
            target = target[part]


async def test_probes_and_metrics_answer_anyone(visitor: Visitor) -> None:
    assert (await visitor.get("/livez"))["status"] == "alive"
    assert (await visitor.get("/readyz"))["status"] == "ready"
    metrics = await visitor.send("GET", "/metrics")
    assert metrics.status_code == 200
    assert "# TYPE" in metrics.text


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        own: JsonObject = node
        found = [value for key, value in own.items() if key == "$ref"]
        return found + [each for value in own.values() for each in _references(value)]
    if isinstance(node, list):
        return [each for value in node for each in _references(value)]
    return []
