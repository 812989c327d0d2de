"""PostgreSQL refuses to run as root, so as root it runs as a system user of its own."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from onsale.platform.embedded.exceptions import EmbeddedError

Tell = Callable[[str], None]
"""Hears a line about each thing outside the data directory that was changed."""

SERVER_USER = "pgserver"
_OTHERS_MAY_ENTER = stat.S_IXOTH
_OTHERS_MAY_READ = stat.S_IROTH


def tell_nobody(_line: str) -> None:
    """For those who only look up what was made before."""


def server_account(tell: Tell = tell_nobody) -> pwd.struct_passwd | None:
    """The account that PostgreSQL runs under, made if missing; ``None`` unless this is root.

    Raises:
        EmbeddedError: the account cannot be made here.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        pass
    useradd = shutil.which("useradd")
    if useradd is None:
        raise EmbeddedError(
            f"PostgreSQL does not run as root: make a user called {SERVER_USER}, "
            "or run onsale as an ordinary user"
        )
    made = subprocess.run(
        [useradd, "--system", "--no-create-home", "--shell", "/bin/sh", SERVER_USER],
        capture_output=True,
        text=True,
        check=False,
    )
    # Two that start at the same time both try: whoever comes second finds it made.
    try:
        account = pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise EmbeddedError(f"cannot make the user {SERVER_USER}: {made.stderr.strip()}") from None
    if made.returncode == 0:
        tell(f"PostgreSQL does not run as root: made the system user {SERVER_USER} for it")
    return account


def let_others_pass(directory: Path, tell: Tell) -> None:
    """Let every user walk through ``directory`` and its parents; not list, not read them. The
    directory is our own, its parents are not: of those each change is told.
    """
    for path in (directory, *directory.parents):
        mode = path.stat().st_mode
        if not mode & _OTHERS_MAY_ENTER:
            path.chmod(stat.S_IMODE(mode) | _OTHERS_MAY_ENTER)
            if path != directory:
                tell(
                    f"let every user pass through {path}, on the way of {SERVER_USER} to its files"
                )


def let_others_run(program: Path, installation: Path, tell: Tell) -> None:
    """Let every user run ``program``, which needs the files of ``installation`` around it."""
    let_others_pass(installation, tell)
    if program.stat().st_mode & _OTHERS_MAY_READ and program.stat().st_mode & _OTHERS_MAY_ENTER:
        return
    for path in (installation, *installation.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | _OTHERS_MAY_READ | (_OTHERS_MAY_ENTER if mode & 0o100 else 0))
    tell(f"let every user read {installation}, which {SERVER_USER} runs")
