"""Failures of the machinery that a caller may meet and should tell apart."""


class UnavailableError(Exception):
    """A dependency cannot be reached or did not answer in time; the same call may succeed later."""

    def __init__(self, dependency: str, detail: str = "") -> None:
        """``dependency`` names what is down: ``postgresql``, ``seat-store`` or ``message-bus``."""
        self.dependency = dependency
        super().__init__(f"{dependency} is unavailable{': ' if detail else ''}{detail}")
