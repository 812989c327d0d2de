"""What is answered to bytes that are no HTTP request: those never reach the application."""

from starlette.responses import Response
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from onsale.service.ticketing.driving_adapter.http_controller.edge import SECURITY_HEADERS
from onsale.service.ticketing.driving_adapter.http_controller.problem import problem_response
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    MalformedRequestError,
)


class ProblemHttpProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, refusing as everything else here does."""

    @override
    def send_400_response(self, msg: str) -> None:
        """Refuse and hang up; where the next request would begin cannot be known."""
        self.transport.write(_raw(problem_response(MalformedRequestError())))
        self.transport.close()


def _raw(response: Response) -> bytes:
    headers = [*response.raw_headers, *SECURITY_HEADERS]
    lines = [b"%b: %b" % header for header in headers]
    return b"\r\n".join([b"HTTP/1.1 400 Bad Request", *lines, b"", bytes(response.body)])
