"""Somebody who types commands at a running service."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.support.onsale_up import CARD_NUMBER, ONSALE, PASSWORD, clean_environment
from tests.support.visitors import new_email

COMMAND_SECONDS_MAX = 60.0
SMALL = {"rows": 3, "cols": 5, "sections": [{"name": "A", "price": 1_500, "subsections": 2}]}


@dataclass(slots=True)
class Person:
    """Somebody at a shell of their own, with a home of their own."""

    home: Path
    url: str
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **clean_environment(),
            "COLUMNS": "200",
            "XDG_CONFIG_HOME": str(self.home),
            "ONSALE_URL": self.url,
            **self.variables,
        }

    def run(self, *arguments: object, said: str | None = None) -> subprocess.CompletedProcess[str]:
        """Type a command, which must end without a traceback or a secret."""
        run = subprocess.run(
            [str(ONSALE), *map(str, arguments)],
            env=self.environment,
            cwd=self.home,
            input=said or "",
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        shown = run.stdout + run.stderr
        assert "Traceback" not in shown
        assert PASSWORD not in shown
        assert CARD_NUMBER not in shown
        return run

    def type(
        self, *arguments: object, status: int = 0, said: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Type a command as :meth:`run` does; it must end with this status."""
        run = self.run(*arguments, said=said)
        assert run.returncode == status, f"{arguments}: {run.returncode}\n{run.stdout}{run.stderr}"
        return run

    def read(self, *arguments: object, said: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """The JSON that a command prints."""
        return json.loads(self.type(*arguments, "--json", said=said).stdout)

    @classmethod
    def joined(cls, home: Path, url: str, role: str) -> Self:
        """Somebody new with an account, signed in."""
        home.mkdir()
        person = cls(home, url)
        person.join(role)
        return person

    def join(self, role: str) -> str:
        """Make an account and sign in."""
        email = new_email()
        account = ("--email", email, "--name", "Somebody", "--role", role)
        self.type("user", "create", *account, "--password-stdin", said=PASSWORD + "\n")
        return email


def event_file(person: Person, file: str = "hall.json", **changes: object) -> Path:
    """An event, as a file of this person."""
    path = person.home / file
    event = {"name": "Opera", "description": "", "venue_name": "House", "seating_config": SMALL}
    path.write_text(json.dumps({**event, **changes}))
    return path


def on_sale(seller: Person) -> int:
    """The number of a new event that takes bookings."""
    made = seller.read("event", "create", "--file", event_file(seller), "--wait")
    event_id: int = made["items"][0]["event_id"]
    return event_id
