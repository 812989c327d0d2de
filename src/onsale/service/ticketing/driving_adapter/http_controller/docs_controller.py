"""The OpenAPI document and a page to browse it, without anything from another host."""

from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import fastapi_offline
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from onsale.service.ticketing.driving_adapter.http_controller.json_response import encode
from onsale.service.ticketing.driving_adapter.http_controller.operation import DirectRoute

_MEDIA_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
_CACHED = {"cache-control": "public, max-age=86400"}
# These change with the version that runs.
_CHECKED = {"cache-control": "no-cache"}
_PAGE = """\
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
"""
# The validator would send the document to another host.
_START = """\
window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
"""


class DocsController:
    """Serves the files of Swagger UI that come with a package."""

    def __init__(self, openapi: Callable[[], dict[str, Any]]) -> None:
        """``openapi`` makes the document, once it is first asked for."""
        self._openapi = openapi
        self._document: bytes | None = None
        self._assets: dict[str, bytes] = {"start.js": _START.encode()}

    def routes(self) -> Sequence[DirectRoute]:
        """The calls; they are not in the documentation themselves."""
        return (
            DirectRoute("GET", "/openapi.json", self.openapi_document),
            DirectRoute("GET", "/docs", self.page),
            DirectRoute("GET", "/docs/", self.lead_there),
            DirectRoute("GET", "/docs/{asset}", self.asset),
        )

    async def openapi_document(self, _: Request) -> Response:
        """The document."""
        if self._document is None:
            self._document = encode(self._openapi())
        return Response(self._document, headers=_CHECKED, media_type="application/json")

    async def lead_there(self, _: Request) -> Response:
        """The address with a slash too many leads to the page."""
        return Response(status_code=307, headers={**_CHECKED, "location": "/docs"})

    async def page(self, _: Request) -> Response:
        """The page to browse it with."""
        return Response(_PAGE, headers=_CHECKED, media_type="text/html")

    async def asset(self, request: Request) -> Response:
        """A file of the page."""
        name = request.path_params["asset"]
        content = self._assets.get(name)
        if content is None:
            if name not in _MEDIA_TYPES:
                raise HTTPException(status_code=404)
            content = files(fastapi_offline).joinpath("static", name).read_bytes()
            self._assets[name] = content
        return Response(
            content, headers=_CACHED, media_type=_MEDIA_TYPES.get(name, "text/javascript")
        )
