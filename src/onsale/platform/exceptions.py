"""Failures of the machinery that a caller may meet and should tell apart."""


class CannotListenError(Exception):
    """The address is taken, or not this machine's."""

    def __init__(self, address: str, reason: str) -> None:
        """``address`` is ``host:port``."""
        super().__init__(f"cannot listen at {address}: {reason}")


class UnavailableError(Exception):
    """A dependency cannot be reached or did not answer in time; the same call may succeed later."""

    def __init__(self, dependency: str, detail: str = "") -> None:
        """``dependency`` names what is down: ``postgresql``, ``seat-store`` or ``message-bus``."""
        self.dependency = dependency
        super().__init__(f"{dependency} is unavailable{': ' if detail else ''}{detail}")


class SchemaBehindError(Exception):
    """The schema of the database is older than the code that is to work with it."""

    def __init__(self) -> None:
        super().__init__("schema: behind; onsale db upgrade")
