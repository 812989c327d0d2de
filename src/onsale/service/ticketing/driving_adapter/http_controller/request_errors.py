"""What can be wrong with a request before a use case sees it."""

from collections.abc import Mapping, Sequence

from onsale.platform.exceptions import UnavailableError


class RequestError(Exception):
    """The request is refused. The docstring of each subclass is its default message."""

    def __init__(self, message: str | None = None, /, **details: object) -> None:
        """``details`` are facts that the client may be shown."""
        super().__init__(message or (type(self).__doc__ or "").split("\n", maxsplit=1)[0])
        self.details: Mapping[str, object] = details


class MalformedRequestError(RequestError):
    """This is no HTTP request."""


class HeadersTooLargeError(RequestError):
    """The request line and the headers are too large."""


class MalformedJsonError(RequestError):
    """The body is not JSON in UTF-8."""


class BodyTooLargeError(RequestError):
    """The body is too large."""

    def __init__(self, limit_bytes: int) -> None:
        """``limit_bytes`` is what this call takes."""
        super().__init__(f"The body may have {limit_bytes} bytes at most.", limit_bytes=limit_bytes)


class BodyTimeoutError(RequestError):
    """The body did not arrive in time."""


class UnsupportedMediaTypeError(RequestError):
    """Send the body as application/json."""


class InvalidRequestError(RequestError):
    """The request breaks the rules of this call."""

    def __init__(self, errors: Sequence[Mapping[str, str]]) -> None:
        """``errors`` have a ``field`` (dotted path) and a ``message`` without the value itself."""
        super().__init__(errors=list(errors))

    @classmethod
    def of(cls, field: str, message: str) -> "InvalidRequestError":
        """One field is wrong."""
        return cls([{"field": field, "message": message}])


class ForeignOriginError(RequestError):
    """A page of another site may not do this with your session."""


class RouteNotFoundError(RequestError):
    """There is nothing here."""


class MethodNotAllowedError(RequestError):
    """This path does not take this method."""

    def __init__(self, allowed: Sequence[str]) -> None:
        """``allowed`` are the methods that it takes."""
        super().__init__()
        self.allowed = tuple(allowed)


class RateLimitedError(RequestError):
    """Too many attempts; wait a while."""

    def __init__(self, retry_after_seconds: int, what: str | None = None) -> None:
        """``retry_after_seconds``: when the next one counts; ``what`` there were too many of."""
        super().__init__(what and f"Too many {what}; wait a while.")
        self.retry_after_seconds = retry_after_seconds


class TooManyBodiesError(RateLimitedError):
    """Too much is on its way from you; send one thing after another."""


class TooManyConnectionsError(RateLimitedError):
    """Too many connections come from you; use one for several requests."""


class TooMuchSentError(UnavailableError):
    """The bodies that are on their way are as large as this process can keep."""

    def __init__(self) -> None:
        super().__init__("api", "too much is being sent")


class InternalError(RequestError):
    """Something went wrong on our side; it has been logged."""
