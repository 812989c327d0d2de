"""What can go wrong with an embedded server; each message is fit to be shown to the user."""


class EmbeddedError(Exception):
    """Base of all failures of the embedded runtime."""


class UnfitDirectoryError(EmbeddedError):
    """The data directory is not there, can be none, or holds something else than was asked for."""


class NotRunningError(EmbeddedError):
    """The system of this data directory is stopped."""


class DataDirectoryInUseError(EmbeddedError):
    """Another supervisor holds the lock of this data directory."""


class MissingComponentError(EmbeddedError):
    """A binary, a Java runtime or a jar is neither installed nor to be had."""


class IncompatibleDataError(EmbeddedError):
    """The data on disk was written by a server that the one at hand cannot follow."""


class ProcessStartError(EmbeddedError):
    """A process was not ready before its deadline, or ended too often on the way."""
