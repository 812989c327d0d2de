"""Where sessions are kept between commands: a file that only its owner can read."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError

TOKEN_VARIABLE = "ONSALE_TOKEN"  # noqa: S105 - its name


def session_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The file, whether it is there or not."""
    home = environment.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "onsale" / "sessions.json"


def is_token_given() -> bool:
    """Whether the environment has a token, which goes before every session that is kept."""
    return bool(os.environ.get(TOKEN_VARIABLE))


def token_of(url: str) -> str | None:
    """The token of this environment, else that of the last log-in at this address."""
    return os.environ.get(TOKEN_VARIABLE) or _sessions().get(url)


def keep(url: str, token: str) -> None:
    """Keep the token of a log-in at this address."""
    _write({**_sessions(), url: token})


def forget(url: str) -> None:
    """Forget the session at this address."""
    _write({name: token for name, token in _sessions().items() if name != url})


def _sessions() -> dict[str, str]:
    path = session_path()
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise CommandFailedError(
            f"{path} cannot be read ({error}); remove it and sign in again: onsale user login",
            code=ExitCode.MISUSED,
        ) from None
    return {str(url): str(token) for url, token in dict(found).items()}


def _write(sessions: Mapping[str, str]) -> None:
    path = session_path()
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh.unlink(missing_ok=True)
        # Nobody else may read it, not even for a moment.
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(dict(sessions), file, indent=2)
        fresh.replace(path)
    except OSError as error:
        raise CommandFailedError(
            f"{path} cannot be written ({error.strerror}); choose another place with"
            f" XDG_CONFIG_HOME, or keep the token yourself: onsale user login --json and"
            f" {TOKEN_VARIABLE}",
            code=ExitCode.MISUSED,
        ) from None
