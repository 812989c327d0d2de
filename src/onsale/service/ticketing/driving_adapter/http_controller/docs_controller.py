"""The OpenAPI document and a page to browse it, without anything from another host."""

import asyncio
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import fastapi_offline
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from onsale.service.ticketing.driving_adapter.http_controller import browser_features
from onsale.service.ticketing.driving_adapter.http_controller.compression import (
    document_response,
)
from onsale.service.ticketing.driving_adapter.http_controller.json_response import encode
from onsale.service.ticketing.driving_adapter.http_controller.operation import DirectRoute
from onsale.web.site import Document

_MEDIA_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
_CACHED = "public, max-age=86400"
# These change with the version that runs.
_CHECKED = "no-cache"
_PAGE = Document.of(
    b"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>onsale API</title>
<link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
""",
    "text/html; charset=utf-8",
)
# The validator would send the document to another host.
_START = Document.of(
    b"""\
window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
""",
    "text/javascript; charset=utf-8",
)


class DocsController:
    """Serves the files of Swagger UI that come with a package."""

    def __init__(self, openapi: Callable[[], dict[str, Any]]) -> None:
        """``openapi`` makes the document, once it is first asked for."""
        self._openapi = openapi
        self._documents: dict[str, asyncio.Task[Document]] = {}

    def routes(self) -> Sequence[DirectRoute]:
        """The calls; they are not in the documentation themselves."""
        return (
            DirectRoute("GET", "/openapi.json", self.openapi_document),
            DirectRoute("GET", "/docs", self.page),
            DirectRoute("GET", "/docs/", self.lead_there),
            DirectRoute("GET", "/docs/{asset}", self.asset),
        )

    async def openapi_document(self, request: Request) -> Response:
        """The document."""
        document = await self._once(
            "openapi.json", lambda: Document.of(encode(self._openapi()), "application/json")
        )
        return document_response(request, document, _CHECKED)

    async def lead_there(self, _: Request) -> Response:
        """The address with a slash too many leads to the page."""
        headers = {"cache-control": _CHECKED, "location": "/docs"}
        return Response(status_code=307, headers=headers)

    async def page(self, request: Request) -> Response:
        """The page to browse it with."""
        response = document_response(request, _PAGE, _CHECKED)
        response.headers[browser_features.NAME] = browser_features.NOTHING
        return response

    async def asset(self, request: Request) -> Response:
        """A file of the page."""
        name = request.path_params["asset"]
        if name == "start.js":
            return document_response(request, _START, _CACHED)
        media_type = _MEDIA_TYPES.get(name)
        if media_type is None:
            raise HTTPException(status_code=404)
        document = await self._once(name, lambda: _read(name, media_type))
        return document_response(request, document, _CACHED)

    async def _once(self, name: str, make: Callable[[], Document]) -> Document:
        """The document, made when it is first asked for, in a thread: to compress all that the page
        loads takes half a second, which starting shall not.
        """
        if name not in self._documents:
            self._documents[name] = asyncio.create_task(asyncio.to_thread(make))
        return await asyncio.shield(self._documents[name])


def _read(name: str, media_type: str) -> Document:
    content = files(fastapi_offline).joinpath("static", name).read_bytes()
    return Document.of(content, media_type)
