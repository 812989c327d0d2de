"""Where sessions are kept between commands: a file that only its owner can read."""

import fcntl
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError

TOKEN_VARIABLE = "ONSALE_TOKEN"  # noqa: S105 - its name
LOCK_SECONDS_MAX = 10.0
_POLL_SECONDS = 0.02
# RFC 6750.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def session_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The file, whether it is there or not."""
    home = environment.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "onsale" / "sessions.json"


def is_token_given() -> bool:
    """Whether the environment has a token, which goes before every session that is kept."""
    return bool(os.environ.get(TOKEN_VARIABLE, "").strip())


def token_of(url: str) -> str | None:
    """The token of this environment, else that of the last log-in at this address.

    Raises:
        CommandFailedError: what stands there is none. It is not shown: it may be a part of one.
    """
    said = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not said:
        return _sessions().get(url)
    if _TOKEN.fullmatch(said) is None:
        raise CommandFailedError(
            f"{TOKEN_VARIABLE} holds no token: it has characters that no token has; sign in for a"
            " new one (onsale user login --json), or unset it",
            code=ExitCode.MISUSED,
        )
    return said


def keep(url: str, token: str) -> None:
    """Keep the token of a log-in at this address."""
    _change(lambda sessions: {**sessions, url: token})


def forget(url: str, token: str | None) -> None:
    """Forget the session at this address if it is this one: who has a token in the environment has
    ended that one's.
    """
    _change(
        lambda sessions: {
            name: each for name, each in sessions.items() if (name, each) != (url, token)
        }
    )


def _sessions() -> dict[str, str]:
    path = session_path()
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, object])
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise CommandFailedError(
            f"{path} cannot be read ({error}); remove it and sign in again: onsale user login",
            code=ExitCode.MISUSED,
        ) from None
    # What is no token is no session.
    return {
        url: token
        for url, token in found.items()
        if isinstance(token, str) and _TOKEN.fullmatch(token) is not None
    }


def _change(change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    path = session_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone_with(path):
            _write(path, change(_sessions()))
    except OSError as error:
        raise CommandFailedError(
            f"{path} cannot be written ({error.strerror}); choose another place with"
            f" XDG_CONFIG_HOME, or keep the token yourself: onsale user login --json and"
            f" {TOKEN_VARIABLE}",
            code=ExitCode.MISUSED,
        ) from None


@contextmanager
def _alone_with(path: Path) -> Iterator[None]:
    """Of two log-ins at once one waits for the other: each writes what it has read, and its own."""
    deadline = time.monotonic() + LOCK_SECONDS_MAX
    lock = path.with_suffix(".lock")
    with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)) as file:
        while not _is_locked(file):
            if time.monotonic() > deadline:
                raise CommandFailedError(
                    f"another command holds {lock} for more than {LOCK_SECONDS_MAX:.0f} s; end it,"
                    " and try again"
                )
            time.sleep(_POLL_SECONDS)
        yield


def _is_locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(path: Path, sessions: Mapping[str, str]) -> None:
    """Put it in the place of the file in one go. Nobody else may read it, not even for a moment."""
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=".sessions-")
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(dict(sessions), file, indent=2)
        Path(fresh).replace(path)
    except BaseException:
        Path(fresh).unlink()
        raise
