"""Run as a script: become a command that ends with the process that started it.

    python -I -S tied_child.py PARENT_PID COMMAND [ARGUMENT...]

However the storm dies, the system that it started gets SIGTERM and stops in order. Where the kernel
cannot do this, only an orderly end stops the system.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Never return."""
    parent_pid, *command = sys.argv[1:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
        # The parent may have died before the call above, and then no signal will ever come.
        if os.getppid() != int(parent_pid):
            sys.exit("the parent is gone")
    os.execvp(command[0], command)  # noqa: S606 - to become that command is the purpose


if __name__ == "__main__":
    main()
