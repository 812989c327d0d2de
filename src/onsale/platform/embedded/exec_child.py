"""Run as a script: tie this process to its parent, become a user, and turn into a command.

    python -I -S exec_child.py PARENT_PID DEATH_SIGNAL USER COMMAND [ARGUMENT...]

A process of its own does what a ``preexec_fn`` could only do at the risk of a deadlock in a
supervisor with threads. It must not import the package: it runs without site-packages.
"""

import ctypes
import os
import pwd
import signal
import sys

_PR_SET_PDEATHSIG = 1
_EXIT_NOT_EXECUTABLE = 126


def _become(user: str) -> None:
    account = pwd.getpwnam(user)
    os.initgroups(user, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.environ.update(HOME=account.pw_dir, USER=user, LOGNAME=user)


def _die_with_parent(parent_pid: int, death_signal: int) -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # The parent may have died before the call above, and then no signal will ever come.
    if os.getppid() != parent_pid:
        sys.exit("the parent is gone")


def main() -> None:
    """Never return: end as the command, or with a message on standard error."""
    parent_pid, death_signal, user, *command = sys.argv[1:]
    # Changing the user clears the death signal, so it comes first.
    if user:
        _become(user)
    _die_with_parent(int(parent_pid), int(death_signal))
    # The interpreter ignores these two, and what is ignored stays so over exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - to become that command is the purpose
    except OSError as error:
        sys.stderr.write(f"cannot run {command[0]}: {error}\n")
        sys.exit(_EXIT_NOT_EXECUTABLE)


if __name__ == "__main__":
    main()
