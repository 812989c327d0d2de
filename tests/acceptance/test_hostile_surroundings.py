"""Commands whose input, environment, output or service is not what it should be."""

import asyncio
import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.hostile_server import hostile_server, http
from tests.support.onsale_up import ONSALE, clean_environment, run_onsale

COMMAND_SECONDS_MAX = 60.0
NOWHERE = "http://127.0.0.1:1"


def test_neither_a_token_nor_a_password_in_an_address_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('[{"name": "A"}, {"name": "B"}]')
    for token in ("eyJhidden\nword", "eyJhidden-w\xf6rd"):
        environment = {"ONSALE_TOKEN": token, "ONSALE_URL": NOWHERE}
        for command in (("user", "whoami"), ("event", "create", str(file)), ("top", "--once")):
            run = run_onsale(*command, environment=environment, cwd=tmp_path)
            assert (run.returncode, run.stdout) == (2, "")
            assert "ONSALE_TOKEN holds no token" in run.stderr
            assert "hidden" not in run.stderr
            assert run.stderr.count("\n") == 1
    run = run_onsale("event", "list", "--url", "http://ada:hidden-word@127.0.0.1:1", cwd=tmp_path)
    assert (run.returncode, "has no user name" in run.stderr) == (2, True), run.stderr
    assert "hidden" not in run.stderr


async def test_what_a_service_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    problem = {
        "type": "about:blank",
        "title": "No",
        "status": 409,
        "code": "EVENT_NOT_ON_SALE",
        "detail": "\x1b]0;owned\x07 [red]no[/red] \N{RIGHT-TO-LEFT OVERRIDE}txt",
    }
    refusal = http(409, json.dumps(problem).encode(), "application/problem+json")
    async with hostile_server(refusal) as server:
        run = await asyncio.to_thread(
            run_onsale, "event", "show", "1", "--url", server.url, cwd=tmp_path
        )
    assert run.returncode == 1
    assert (
        run.stderr == "onsale: \ufffd]0;owned\ufffd [red]no[/red] \ufffdtxt (EVENT_NOT_ON_SALE)\n"
    )


def typed(
    *arguments: str, said: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run one command that reads this."""
    return subprocess.run(
        [str(ONSALE), *arguments],
        env={**clean_environment(), "COLUMNS": "400", **environment},
        input=said,
        capture_output=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["top", "--url", "garbage"], "the address of a service is such as"),
        (["top", "--metrics", "garbage"], "the address of a service is such as"),
        (["event", "list", "--url", "http://host:port"], "the address of a service is such as"),
        (["top", "--once", "--url", "http://host:port"], "the address of a service is such as"),
        (["event", "on-sale", "1", "9999-12-31T23:59:59-14:00"], "a time is 2031"),
        (["event", "on-sale", "1", "0001-01-01T00:00:00+14:00"], "a time is 2031"),
        (["event", "sales", "1", "--csv", "."], "is a directory"),
        (["user", "login", "--email", "a@example.com", "--password-stdin"], "not UTF-8"),
        (["user", "login", "--email", "a\udcff@example.com", "--password-stdin"], "UTF-8"),
    ],
)
def test_what_cannot_be_meant_is_a_line(command: list[str], said: str) -> None:
    password = b"sesame" if "\udcff" in command[-2] else b"s\xffsame"
    run = typed(*command, said=password, ONSALE_TOKEN="any", ONSALE_URL=NOWHERE)
    shown = (run.stdout + run.stderr).decode()
    assert (run.returncode, said in shown, "Traceback" in shown) == (2, True, False), shown


def test_a_secret_that_is_too_long_is_refused_and_not_cut() -> None:
    login = ("user", "login", "--email", "a@example.com", "--password-stdin")
    run = typed(*login, said=b"s" * 10_000, ONSALE_URL=NOWHERE)
    assert (run.returncode, b"longer than 4,096 bytes" in run.stderr) == (2, True), run.stderr


async def test_a_list_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    async with hostile_server(http(200, b"ticket\n", "text/csv")) as server:
        sales = ("event", "sales", "1", "--csv", "/etc/passwd/tickets.csv", "--url", server.url)
        run = await asyncio.to_thread(typed, *sales, ONSALE_TOKEN="any")
    assert (run.returncode, b"Not a directory" in run.stderr) == (2, True), run.stderr
    assert b"Traceback" not in run.stderr


@pytest.mark.parametrize("command", [["show"], ["check"]], ids=" ".join)
def test_a_file_of_a_secret_that_cannot_be_read_is_named(
    tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "onsale_token_secret").write_bytes(b"hidden\xffword")
    run = typed("config", *command, ONSALE_SECRETS_DIR=str(tmp_path))
    assert run.returncode == 2
    assert b"onsale_token_secret: not UTF-8" in run.stderr
    assert b"Traceback" not in run.stderr
    assert b"hidden" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    "command", [["--help"], ["config", "show"], ["config", "show", "--json"]], ids=" ".join
)
def test_a_full_disk_is_said(command: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [str(ONSALE), *command],
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
    assert run.returncode == 1
    assert b"what there is to print or to keep cannot be written" in run.stderr
    assert run.stderr.count(b"\n") == 1


def test_who_has_read_enough_hears_nothing_more() -> None:
    with subprocess.Popen(
        [str(ONSALE), "config", "show"],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_ctrl_c_is_heard_while_a_command_is_loaded(tmp_path: Path) -> None:
    # What the command line is put together of takes a while, and here does not end. In many short
    # naps: a signal that comes just before a nap begins is heard at its end.
    (tmp_path / "typer.py").write_text(
        "import time\nprint('loading', flush=True)\nfor _ in range(6_000):\n    time.sleep(0.01)\n"
    )
    with subprocess.Popen(
        [str(ONSALE), "verify"],
        env={**clean_environment(), "PYTHONPATH": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"loading\n"
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=COMMAND_SECONDS_MAX)
    assert (process.returncode, complaints) == (130, b"")


def test_a_damaged_line_of_a_trace_is_left_out(tmp_path: Path) -> None:
    booking = "019aa8f1-6c00-7a3b-8c4d-5e6f70819203"
    trace_id = f"0x{booking.replace('-', '')}"
    span: dict[str, object] = {
        "name": "accept",
        "context": {"trace_id": trace_id, "span_id": "0x1"},
        "parent_id": None,
        "start_time": "2030-01-01T00:00:00.000000Z",
        "end_time": "2030-01-01T00:00:00.002000Z",
        "status": {},
        "attributes": {},
        "links": [],
        "resource": {"attributes": {"service.name": "api", "service.instance.id": "1"}},
    }
    lines = [
        *(json.dumps(span)[:-9], json.dumps({**span, "start_time": 7}), json.dumps([trace_id])),
        *(json.dumps({**span, "start_time": "2030-01-01T00:00:00"}), json.dumps(span)),
    ]
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "api.jsonl").write_text("".join(f"{line}\n" for line in lines))
    run = typed("trace", booking, "--data", str(tmp_path), "--json")
    assert run.returncode == 0, run.stderr
    assert [(each["began_ms"], each["lasted_ms"]) for each in json.loads(run.stdout)] == [(0, 2)]
    assert b"4 lines are damaged" in run.stderr
