"""Commands whose input, environment, output or service is not what it should be."""

import asyncio
import json
from pathlib import Path

from tests.support.hostile_server import hostile_server, http
from tests.support.onsale_up import run_onsale

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
    assert run.returncode == 4
    assert "http://ada:********@127.0.0.1:1 cannot be reached" in run.stderr


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
