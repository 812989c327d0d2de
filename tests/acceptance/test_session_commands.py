"""Who is signed in: sessions of commands, and what they say to whoever may not do something."""

import asyncio
import json
import os
import pty
import select
import stat
import subprocess
import time
from functools import partial
from pathlib import Path

from tests.support.hostile_server import hostile_server, http
from tests.support.onsale_up import ONSALE, PASSWORD, OnsaleUp
from tests.support.person import COMMAND_SECONDS_MAX, Person, on_sale
from tests.support.polling import wait_for
from tests.support.visitors import new_email

# The token is good until every process has heard, 5 s at most; a command takes a while to tell.
REVOKED_SECONDS_MAX = 15.0
STATUS_SIGNED_OUT = 5
TOO_OFTEN = {
    "type": "urn:onsale:problem:rate-limited",
    "title": "Too many attempts",
    "status": 429,
    "detail": "Too many log-ins from this address; wait a while.",
    "code": "RATE_LIMITED",
}


def test_a_session_is_kept_until_it_is_ended(system: OnsaleUp, tmp_path: Path) -> None:
    person = Person(tmp_path, system.base_url)
    assert "onsale user login" in person.type("user", "whoami", status=5).stderr
    email = person.join("buyer")
    assert stat.S_IMODE((tmp_path / "onsale" / "sessions.json").stat().st_mode) == 0o600
    assert person.read("user", "whoami")["email"] == email
    assert person.type("user", "logout").stdout.startswith("Signed out")
    person.type("user", "whoami", status=5)

    login = ("user", "login", "--email", email, "--password-stdin")
    assert "wrong" in person.type(*login, status=5, said="another word\n").stderr
    token = person.read(*login, said=PASSWORD + "\n")["access_token"]
    # Printed, and kept nowhere.
    person.type("user", "whoami", status=5)
    person.variables = {"ONSALE_TOKEN": token}
    assert person.read("user", "whoami")["role"] == "buyer"
    person.variables = {}
    assert "Signed in" in person.type(*login, said=PASSWORD + "\n").stdout
    assert person.type("user", "whoami").stdout.startswith(email)


async def test_who_ends_the_session_of_the_environment_keeps_the_one_that_is_kept(
    system: OnsaleUp, tmp_path: Path
) -> None:
    person = Person(tmp_path, system.base_url)
    email = person.join("buyer")
    login = ("user", "login", "--email", email, "--password-stdin")
    token = person.read(*login, said=PASSWORD + "\n")["access_token"]
    person.variables = {"ONSALE_TOKEN": token}
    assert "unset ONSALE_TOKEN" in person.type("user", "logout").stderr
    await wait_for(
        partial(asyncio.to_thread, person.run, "user", "whoami"),
        lambda run: run.returncode == STATUS_SIGNED_OUT,
        seconds_max=REVOKED_SECONDS_MAX,
    )
    person.variables = {}
    assert person.type("user", "whoami").stdout.startswith(email)
    assert person.type("user", "logout").stderr == ""
    person.type("user", "whoami", status=5)


def test_a_password_is_asked_for_on_the_terminal_alone(system: OnsaleUp, tmp_path: Path) -> None:
    person = Person(tmp_path, system.base_url)
    email = person.join("buyer")
    run = person.type("user", "login", "--email", email, status=2, said=PASSWORD)
    assert "--password-stdin" in run.stderr
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [str(ONSALE), "user", "login", "--email", email],
        env=person.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        try:
            # The blank is written once nothing typed is shown any more.
            shown = read_until(ours, b"Password: ")
            os.write(ours, PASSWORD.encode() + b"\n")
            shown += read_until(ours, b"Signed in")
            assert process.wait(COMMAND_SECONDS_MAX) == 0
        finally:
            process.kill()
            os.close(ours)
            os.close(theirs)
    assert PASSWORD.encode() not in shown


def read_until(terminal: int, text: bytes) -> bytes:
    """What a terminal shows up to this text and the rest of what comes with it."""
    shown, deadline = b"", time.monotonic() + COMMAND_SECONDS_MAX
    while text not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"not shown in time: {text!r}, but {shown!r}"
        shown += os.read(terminal, 1_024)
    return shown


def test_a_new_account_says_whose_session_it_is_now(system: OnsaleUp, tmp_path: Path) -> None:
    person = Person.joined(tmp_path / "home", system.base_url, "buyer")
    email = new_email()
    account = ("--email", email, "--name", "Somebody", "--password-stdin")
    made = person.type("user", "create", *account, said=PASSWORD + "\n")
    assert f"Signed in at {system.base_url} as {email}, buyer." in made.stdout
    assert person.read("user", "whoami")["email"] == email
    unsigned = ("--email", new_email(), "--name", "Somebody", "--password-stdin", "--no-login")
    assert person.type("user", "create", *unsigned, said=PASSWORD + "\n").stderr == ""
    # The variable would go before what was just kept.
    person.variables = {"ONSALE_TOKEN": "over"}
    login = ("user", "login", "--email", email, "--password-stdin")
    assert "unset ONSALE_TOKEN" in person.type(*login, said=PASSWORD + "\n").stderr


def test_who_may_not_is_told_who_they_are(system: OnsaleUp, tmp_path: Path) -> None:
    event_id = on_sale(Person.joined(tmp_path / "seller", system.base_url, "seller"))
    (home := tmp_path / "other").mkdir()
    other = Person(home, system.base_url)
    for role, code in (("seller", "NOT_OWNER"), ("buyer", "FORBIDDEN_ROLE")):
        email = other.join(role)
        refused = other.type("event", "hide", event_id, status=1).stderr
        assert code in refused
        assert f"You are signed in as {email}, {role}" in refused
        assert "onsale user login" in refused
    session = json.loads((home / "onsale" / "sessions.json").read_text())
    other.variables = {"ONSALE_TOKEN": session[system.base_url]}
    assert "unset ONSALE_TOKEN" in other.type("event", "hide", event_id, status=1).stderr


def test_a_token_that_is_over_is_named_by_its_variable(system: OnsaleUp, tmp_path: Path) -> None:
    person = Person.joined(tmp_path / "home", system.base_url, "buyer")
    person.variables = {"ONSALE_TOKEN": "over"}
    assert "ONSALE_TOKEN" in person.type("user", "whoami", status=5).stderr
    person.variables = {}
    person.type("user", "whoami")


async def test_too_often_is_said_with_how_long(tmp_path: Path) -> None:
    body = json.dumps(TOO_OFTEN).encode()
    async with hostile_server(http(429, body, "application/problem+json", retry_after="90")) as far:
        person = Person(tmp_path, far.url)
        login = ("user", "login", "--email", "a@example.com", "--password-stdin")
        run = await asyncio.to_thread(person.type, *login, status=1, said=PASSWORD + "\n")
    assert "Too many log-ins from this address; wait a while. Again in 90 s" in run.stderr
