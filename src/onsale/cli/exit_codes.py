"""What the exit status of every command means."""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """Each says in ``meaning`` when it is given."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """A member with its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    DONE = 0, "done"
    FAILED = 1, "refused, failed, not found, or a difference was found"
    MISUSED = 2, "an option, a setting or a file is wrong; nothing was done"
    PARTLY = 3, "some of several were done"
    UNREACHABLE = 4, "the service, or a store that is needed, cannot be reached or is not ready"
    NOT_SIGNED_IN = 5, "sign in first: onsale user login"
    INTERRUPTED = 130, "interrupted with Ctrl-C"
